import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ClientCounters } from "#src/accept/client-counters.js";
import { Rejections } from "#src/accept/rejections.js";
import { fail, ok } from "#src/core/parse/result.js";
import type { DaemonReport } from "#src/core/status/daemon-status.js";
import type { Monitor } from "#src/monitor/monitor.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { Gate } from "#src/web/gate.js";
import { Site, type WebContext } from "#src/web/site.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { gathered } from "../support/gathered.js";
import { MemoryLog } from "../support/in-process.js";
import { Client } from "../support/net.js";
import { until } from "../support/wait.js";
import { ask, EventStream } from "../support/web.js";

const REQUEST = "GET /page.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const DRAIN_MS = 500;

/** A site that listens, and its readers as the descriptors count them. */
async function open(t: TestContext) {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const state = { readers: 0, denialReason: undefined as string | undefined, broken: false };
  const admission = {
    access: { denialReason: () => undefined },
    admitReader() {
      if (state.denialReason !== undefined) return fail(state.denialReason);
      state.readers += 1;
      return ok({
        release() {
          state.readers -= 1;
        },
      });
    },
  };
  const context = {
    ...{ clock, log, own: new OwnSockets(clock), gate: new Gate(clock) },
    monitor: { addWatcher() {}, removeWatcher() {} } as unknown as Monitor,
    rejections: new Rejections({ clock } as never, new ClientCounters(), log),
    admission: () => admission,
    reporter: {
      status() {
        if (state.broken) throw new Error("broken");
        return gathered({ connections: [], listeners: [] } as unknown as DaemonReport);
      },
    },
  } as unknown as WebContext;
  const port = await freePort();
  const site = new Site({ address: "127.0.0.1", port, proxies: [] }, context);
  await site.open();
  log.lines.length = 0; // "listening on"
  const closing = async (): Promise<void> => {
    const closed = site.close();
    clock.advance(DRAIN_MS);
    await closed;
  };
  t.after(closing);
  return { site, port, clock, log, state };
}

test("it listens, answers, and counts its readers while they are there", async (t) => {
  const { site, port, state } = await open(t);
  assert.deepEqual(
    [site.listening.status.port, site.listening.status.kind, site.listening.status.problem],
    [port, "web", undefined],
  );
  const client = await Client.open(port);
  client.write(REQUEST);
  await client.take(12);
  assert.equal(state.readers, 1);
  client.destroy();
  await until(() => state.readers === 0, "the reader to be gone");
});

test("every reply has the headers that keep other sites and caches out", async (t) => {
  const { port } = await open(t);
  for (const path of ["/", "/nowhere"]) {
    const { headers } = await ask(port, path);
    assert.equal(headers["cache-control"], "no-store");
    assert.match(
      String(headers["content-security-policy"]),
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'self'; base-uri 'none'/,
    );
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["x-content-type-options"], "nosniff");
  }
});

test("a reader that is not admitted is closed without a word, and logged", async (t) => {
  const { port, log, state } = await open(t);
  state.denialReason = "not from there";
  const client = await Client.open(port);
  client.write(REQUEST);
  assert.equal(await client.rest(), "");
  await until(() => log.lines.length > 0, "the log");
  assert.deepEqual(log.lines, [`WARN [- 127.0.0.1 > -] rejected by web port ${port}: not from there`]);
  assert.equal(state.readers, 0);
});

test("a request before the reply to the last one is refused, and a third cuts the connection", async (t) => {
  const { port, log } = await open(t);
  const two = await Client.open(port);
  two.write(REQUEST + REQUEST);
  const replies = await two.rest();
  assert.deepEqual(replies.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 429"]);
  assert.match(replies, /one request at a time\n$/);
  assert.deepEqual(log.lines, []);
  const many = await Client.open(port);
  many.write(REQUEST.repeat(20));
  await many.rest();
  assert.match(log.lines.join(), /rejected by web port \d+: it sends requests without end/);
});

test("a request with so many headers that Node.js would drop some, or with two hosts, is refused", async (t) => {
  const { port } = await open(t);
  const many = Array.from({ length: 64 }, (_, index) => [`X-${index}`, "y"]);
  const headers = Object.fromEntries([["Host", "127.0.0.1"], ...many]);
  assert.equal((await ask(port, "/", { headers })).status, 431);
  const two = await Client.open(port);
  two.write(REQUEST.replace("\r\n", "\r\nHost: 127.0.0.1\r\nhost: evil.example\r\n"));
  assert.match(await two.rest(), /^HTTP\/1.1 400 /);
});

test("a fault while a reply is made is logged, and ends this reader alone", async (t) => {
  const { port, log, state } = await open(t);
  state.broken = true;
  await assert.rejects(ask(port, "/status"));
  assert.match(log.lines.join(), /^ERROR web page: fault in the program: Error: broken/);
  assert.equal((await ask(port, "/")).status, 200);
});

test("close: streams end, readers get half a second to take the rest, and nobody is left", async (t) => {
  const { site, port, clock, state } = await open(t);
  const stream = await EventStream.open(t, port);
  const idle = await Client.open(port);
  await until(() => state.readers === 2, "both readers");
  let closed = false;
  const closing = site.close().then(() => {
    closed = true;
  });
  await until(() => stream.ended, "the stream to end");
  clock.advance(DRAIN_MS - 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([closed, state.readers], [false, 1]);
  clock.advance(1);
  await closing;
  assert.equal(await idle.rest(), "");
  await until(() => state.readers === 0, "the idle reader to be gone");
  await assert.rejects(Client.open(port));
});

test("close without readers takes no time", async (t) => {
  const { site, clock } = await open(t);
  await site.close();
  assert.equal(clock.pending, 0);
});
