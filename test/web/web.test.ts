import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { Settings } from "#src/core/config/settings.js";
import { ok } from "#src/core/parse/result.js";
import { Histogram } from "#src/core/status/histogram.js";
import { EventBus } from "#src/events/event-bus.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { Web } from "#src/web/web.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { gathered } from "../support/gathered.js";
import { MemoryLog } from "../support/in-process.js";
import { Client } from "../support/net.js";
import { isListening } from "../support/proxy-process.js";
import { until } from "../support/wait.js";
import { EventStream } from "../support/web.js";

const emptyStatus = {
  listeners: [],
  ...{
    traffic: { received: 0, sent: 0 },
    lines: {},
    directs: [],
    muxes: [],
    tunnels: [],
    devices: [],
    connections: [],
  },
  notifications: { sent: 0, failed: 0, waiting: 0, delay: new Histogram().status, answer: new Histogram().status },
};

function portsOf({ port }: Web): number[] {
  return port === undefined ? [] : [port.number];
}

function fixture() {
  const clock = new ManualClock();
  const readers = new Set<object>();
  const kept: boolean[] = [];
  const state = { denialReason: undefined as string | undefined };
  const admission = {
    access: { denialReason: () => undefined },
    readerDenialReason: () => state.denialReason,
    admitReader() {
      const lease = { release: () => void readers.delete(lease) };
      readers.add(lease);
      return ok(lease);
    },
  };
  const context = {
    clock,
    log: new MemoryLog(),
    events: new EventBus(),
    monitor: { record: (wanted: boolean) => void kept.push(wanted), addWatcher() {}, removeWatcher() {} },
    own: new OwnSockets(clock),
    rejections: { leftAtOnce() {}, mention() {} },
    admission: () => admission,
    reporter: { status: () => gathered(emptyStatus) },
  };
  const web = new Web(context as unknown as ConstructorParameters<typeof Web>[0]);
  const configure = (webPort: number, settings: Partial<Settings> = {}): Promise<void> =>
    web.configure({ ...DEFAULT_SETTINGS, webPort, webAddress: "127.0.0.1", ...settings });
  return { web, configure, clock, readers, kept, state };
}

test("a page is opened, moved and closed as the settings say; the same settings leave it alone", async (t) => {
  const { web, configure, clock, readers, kept } = fixture();
  t.after(() => web.close());
  await configure(0);
  assert.deepEqual(portsOf(web), []);
  const [first, second] = [await freePort(), await freePort()];
  await configure(first);
  assert.deepEqual([isListening(first), portsOf(web)], [true, [first]]);
  const reader = await Client.open(first);
  await until(() => readers.size === 1, "the reader");
  await configure(first);
  assert.deepEqual([isListening(first), clock.pending], [true, 1], "nothing is closed; the history waits for its step");
  reader.destroy();
  await until(() => readers.size === 0, "the reader to be gone");
  await configure(second);
  await until(() => !isListening(first), "the first to be closed");
  assert.deepEqual([isListening(second), portsOf(web)], [true, [second]]);
  await configure(0);
  assert.deepEqual([clock.pending, kept.at(-1)], [0, false], "without a page nothing is kept");
  await until(() => !isListening(second), "the second to be closed");
  assert.deepEqual(portsOf(web), []);
});

test("a reload that changes who may read ends streams, and cuts those that may not any more", async (t) => {
  const { web, configure, readers, state } = fixture();
  t.after(() => web.close());
  const port = await freePort();
  await configure(port);
  const stream = await EventStream.open(t, port);
  const reader = await Client.open(port);
  await until(() => readers.size === 2, "both readers");
  await configure(port, { keepalive: 5000 } as Partial<Settings>);
  assert.equal(stream.ended, false, "a reload that changes something else leaves them alone");
  await configure(port, { webUser: "me", webPassword: "new" });
  await until(() => stream.ended && readers.size === 1, "the stream to end, and nobody else to leave");
  state.denialReason = "not from there any more";
  await configure(port, { webUser: "me", webPassword: "newer" });
  assert.equal(await reader.rest(), "");
  await until(() => readers.size === 0, "the reader to be cut");
});
