// Final notifications of closed connections while the engine is away.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import type { Daemon } from "#src/daemon/daemon.js";
import { freePort } from "../support/free-port.js";
import { heapInUse } from "../support/heap.js";
import { daemonHere } from "../support/in-process.js";
import { FakeLuup } from "../support/luup.js";
import { until } from "../support/wait.js";

const AT_A_TIME = 50;

/** A device that sends a byte and closes at once. */
const device = createServer((socket) => {
  socket.on("error", () => {}); // it may be cut while it closes
  socket.resume().end();
});
before(async () => {
  device.listen(0, "127.0.0.1");
  await once(device, "listening");
});
after(() => device.close());

/**
 * Opens so many connections, each for a device of its own, and waits until only their final notifications are left.
 *
 * @returns their numbers, in the order of their ends
 */
async function shortConnections(daemon: Daemon, port: number, count: number, action: string): Promise<number[]> {
  const ended: number[] = [];
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      const number = left--;
      const socket = connect(port, "127.0.0.1");
      const target = `127.0.0.1:${(device.address() as AddressInfo).port}`;
      socket.resume().write(`CONN ${target} NTFY=${number}/s/${action}/p${number}\n`);
      await once(socket, "close");
      ended.push(number);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, one));
  await until(() => [...daemon.status.connections].length === 0, "nothing of the connections to be left");
  return ended;
}

test("the engine is away: final notifications wait without their connections, and go out when it is back", async (t) => {
  const enginePort = await freePort();
  const { daemon, port } = await daemonHere({ vera: `http://127.0.0.1:${enginePort}` });
  t.after(() => daemon.stop("test"));
  await shortConnections(daemon, port, 100, "Act");
  assert.deepEqual(daemon.status.notifications.farewells, { waiting: 100, givenUp: 0 });
  const engine = await new FakeLuup().start(enginePort);
  t.after(() => engine.stop());
  await until(() => daemon.status.notifications.farewells.waiting === 0, "all to be told");
  const pids = engine.arrivals.map(({ pid }) => pid);
  assert.equal(new Set(pids).size, 100);
  assert.equal(pids.length, 100, "each is told once");
  assert.equal(daemon.status.traffic.connections, 100);
});

test("a final notification that waits holds nothing of its connection", async (t) => {
  const { daemon, port, log } = await daemonHere({ vera: `http://127.0.0.1:${await freePort()}` });
  t.after(() => daemon.stop("test"));
  await shortConnections(daemon, port, 200, "Act"); // compiled
  log.lines.length = 0;
  /** Bytes on the heap for each of 600 more. */
  const measure = async (): Promise<number> => {
    const before = await heapInUse();
    await shortConnections(daemon, port, 600, "Act");
    log.lines.length = 0;
    return ((await heapInUse()) - before) / 600;
  };
  // V8 keeps some 100 kB for code that it optimizes, now and then; what a notification holds shows in each round
  const each = Math.min(await measure(), await measure(), await measure());
  assert.equal(daemon.status.notifications.farewells.waiting, 2000);
  const most = process.env["NODE_V8_COVERAGE"] === undefined ? 5000 : 8000; // coverage keeps its counters on the heap
  assert.ok(each < most, `${each} bytes each`);
});

test("of very many final notifications the oldest are given up, with one log line", async (t) => {
  const enginePort = await freePort();
  const { daemon, port, log } = await daemonHere({ vera: `http://127.0.0.1:${enginePort}` });
  t.after(() => daemon.stop("test"));
  const ended = await shortConnections(daemon, port, 2000, "x".repeat(3900));
  const { waiting, givenUp } = daemon.status.notifications.farewells;
  assert.equal(waiting + givenUp, 2000);
  assert.ok(waiting > 1000 && waiting * 3900 < 12_582_912, `${waiting} wait`);
  const lines = log.lines.filter((line) => line.includes("given up"));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(
    lines[0] ?? "",
    /^WARN final notifications: more than 4000 or 12 MiB wait, the oldest are given up: 1 since the start$/,
  );
  const engine = await new FakeLuup().start(enginePort);
  t.after(() => engine.stop());
  await until(() => daemon.status.notifications.farewells.waiting === 0, "the others to be told", 40_000);
  const places = new Map(ended.map((number, place) => [number, place]));
  const told = engine.arrivals.map(({ device: number }) => places.get(Number(number)) ?? -1);
  assert.ok(Math.min(...told) >= givenUp - AT_A_TIME, "those that ended last are told");
});

test("final notifications that wait are sent before the daemon stops", async (t) => {
  const enginePort = await freePort();
  const { daemon, port } = await daemonHere({ vera: `http://127.0.0.1:${enginePort}` });
  t.after(() => daemon.stop("test"));
  await shortConnections(daemon, port, 5, "Act");
  const engine = await new FakeLuup().start(enginePort);
  t.after(() => engine.stop());
  await daemon.stop("test");
  assert.equal(engine.arrivals.length, 5);
});

test("an engine that hangs: the number of waiting final notifications is bounded, too", async (t) => {
  const sockets = new Set<{ destroy(): void }>();
  const engine = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(engine, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    engine.close();
  });
  const { daemon, port } = await daemonHere({ vera: `http://127.0.0.1:${(engine.address() as AddressInfo).port}` });
  t.after(() => daemon.stop("test"));
  await shortConnections(daemon, port, 2000, "x".repeat(3900));
  const { farewells, waiting, inFlight } = daemon.status.notifications;
  assert.equal(farewells.waiting + farewells.givenUp, 2000);
  assert.ok(
    farewells.givenUp > 0 && waiting + inFlight <= farewells.waiting + 64,
    JSON.stringify([farewells, waiting, inFlight]),
  );
});
