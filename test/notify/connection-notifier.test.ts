import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { ConnectionNotifier } from "#src/notify/connection-notifier.js";
import { LuupClient } from "#src/notify/luup-client.js";
import { LuupWay } from "#src/notify/luup-way.js";
import { UnreadReminder } from "#src/notify/unread-reminder.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { type Clock, systemClock } from "#src/system/clock.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { FakeLuup, likeOpenLuup, saying } from "../support/luup.js";
import { localNames } from "../support/names.js";
import { socketEnd } from "../support/socket-end.js";
import { toldConnection } from "../support/told.js";
import { pause, quietFor, until } from "../support/wait.js";

const REMIND_MS = 120;

let engine: FakeLuup;
before(async () => {
  engine = await new FakeLuup().start();
});
after(() => engine.stop());

let count = 0;

/** What a notifier asks of a client's end. */
function keysOf({ peerKey, ownKey, localAddress }: StreamEnd): Partial<StreamEnd> {
  return { peerKey, ownKey, localAddress };
}

/** The notifier of a connection whose plugin is the test, with a real engine's HTTP side. */
async function scene(
  t: TestContext,
  {
    renotify = 0,
    renotifyMs = undefined as number | undefined,
    elsewhere = false,
    clock = systemClock as Clock,
    url = engine.url,
  } = {},
) {
  engine.answer = likeOpenLuup;
  const pid = `p${++count}`;
  const { end, peer } = await socketEnd(t);
  peer.socket.pause();
  const fault = (error: unknown): void => assert.fail(String(error));
  const luup = new LuupClient(url, systemClock, new MemoryLog(), localNames());
  t.after(() => luup.close());
  const told: string[] = [];
  const debugged: string[] = [];
  // the address of another machine, on a socket of this one: its row would be found
  const client = elsewhere ? ({ ...keysOf(end), peerAddress: "192.0.2.9" } as StreamEnd) : end;
  const notify = { device: 5, service: "urn:x", action: "Act" };
  const notifier = new ConnectionNotifier(
    [new LuupWay(notify, pid, luup)],
    toldConnection({ pid }),
    { ...DEFAULT_OPTIONS, ...(renotifyMs !== undefined && { renotifyMs }) },
    client,
    {
      clock: systemClock,
      notificationSender: luup,
      wayMakers: [],
      unreadReminder: new UnreadReminder(clock, new SocketTable(clock), fault),
      settings: { ...DEFAULT_SETTINGS, renotify },
    },
    {
      warn: (text) => told.push(`warn: ${text}`),
      debug: (text) => void debugged.push(text()),
      done: () => told.push("done"),
      fault,
    },
  );
  t.after(() => notifier.clientClosed());
  /** Writes so much that a part of it stays unread in the plugin's socket. */
  const write = (): void => {
    end.write(Buffer.alloc(524_288));
    notifier.dataWritten();
  };
  return { notifier, pid, told, debugged, peer, write, end };
}

test("data is told, and the end, once", async (t) => {
  const { notifier, pid, told } = await scene(t);
  notifier.dataWritten();
  await engine.received(pid, 1);
  notifier.connectionEnded("by remote");
  notifier.connectionEnded("by remote");
  await until(() => notifier.done, "the final notification");
  assert.equal(engine.of(pid).length, 2);
  assert.deepEqual(told, ["done"]);
  assert.deepEqual([notifier.status?.sent, notifier.status?.lastOutcome], [2, "delivered"]);
});

test("the lines for debugging have the URL without its password, whether the engine is there or not", async (t) => {
  const [, address = ""] = engine.url.split("//");
  for (const [at, is] of [
    [address, "sent: GET URL"],
    ["127.0.0.1:1", "not sent: GET URL: connect ECONNREFUSED 127.0.0.1:1"],
  ]) {
    const { notifier, pid, debugged } = await scene(t, { url: `http://me:geheim@${at}/port_3480/` });
    notifier.dataWritten();
    await until(() => notifier.status?.lastOutcome !== "none yet", "the outcome");
    notifier.giveUp();
    const path = `/data_request?id=action&output_format=json&DeviceNum=5&serviceId=urn%3Ax&action=Act&Pid=${pid}`;
    assert.equal(debugged[0]?.replace(`http://me:***@${at}/port_3480${path}`, "URL"), `notification ${is}`);
    assert.ok(!debugged.join("").includes("geheim"));
  }
});

test("data right before the end is told with it", async (t) => {
  const { notifier, pid } = await scene(t);
  notifier.dataWritten();
  notifier.connectionEnding();
  await quietFor(20); // the end may be some time away
  assert.equal(engine.of(pid).length, 0);
  notifier.connectionEnded("by remote");
  await until(() => notifier.done, "the final notification");
  assert.equal(engine.of(pid).length, 1);
});

test("a wrong action is a warning, once; the next kind of fault is another one", async (t) => {
  const { notifier, pid, told } = await scene(t);
  engine.answer = saying("ERROR: Invalid Service");
  for (let n = 1; n <= 2; n += 1) {
    notifier.dataWritten();
    await engine.received(pid, n);
    await until(() => notifier.status?.failed === n, "the answer");
  }
  engine.answer = saying("trouble", 500);
  notifier.dataWritten();
  await until(() => notifier.status?.failed === 3, "the answer");
  notifier.giveUp();
  const where = "device 5, service urn:x, action Act";
  assert.deepEqual(told, [
    `warn: notification rejected: ${where}: status 200, ERROR: Invalid Service`,
    `warn: notification failed: ${where}: status 500, trouble`,
  ]);
});

test("a plugin is reminded of unread bytes until it has read them, by RNTF or by the configuration", async (t) => {
  for (const options of [{ renotifyMs: REMIND_MS, renotify: 60_000 }, { renotify: REMIND_MS }]) {
    const { pid, peer, write } = await scene(t, options);
    write();
    const arrivals = await engine.received(pid, 3);
    const [first, second] = arrivals;
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= REMIND_MS);
    peer.socket.resume();
    await until(() => peer.bytes.length === 524_288, "the plugin to read");
  }
});

test("reminders end with the plugin's socket, and also follow the final notification", async (t) => {
  const { notifier, pid, write } = await scene(t, { renotify: REMIND_MS });
  write();
  notifier.connectionEnded("by remote");
  await engine.received(pid, 2);
  notifier.clientClosed();
  const after = engine.of(pid).length;
  await quietFor(3 * REMIND_MS);
  assert.ok(engine.of(pid).length <= after + 1, "one may have been on its way");
});

test("nobody is reminded without RNTF, with RNTF=0, or on another machine", async (t) => {
  const scenes = [
    await scene(t),
    await scene(t, { renotify: REMIND_MS, renotifyMs: 0 }),
    await scene(t, { renotify: REMIND_MS, elsewhere: true }),
  ];
  for (const { write } of scenes) write();
  for (const { pid } of scenes) await engine.received(pid, 1);
  await pause(4 * REMIND_MS);
  for (const { pid } of scenes) assert.equal(engine.of(pid).length, 1);
});

test("a final notification that outlives the plugin's socket leads to no look at it", async (t) => {
  const clock = new ManualClock(); // of the reminder alone
  const { notifier, pid } = await scene(t, { renotify: REMIND_MS, clock });
  let answer = (): void => {};
  engine.answer = (arrival, response, request) => {
    answer = () => likeOpenLuup(arrival, response, request);
  };
  notifier.connectionEnded("by remote");
  await engine.received(pid, 1);
  notifier.clientClosed();
  answer();
  await until(() => notifier.done, "the answer");
  assert.equal(clock.pending, 0);
});
