import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConnectionPool } from "#src/mux/connection-pool.js";
import type { DeviceConnection } from "#src/mux/device-connection.js";
import { MuxLog } from "#src/mux/mux-log.js";
import { freePort } from "../support/free-port.js";
import { muxRoute, settle } from "../support/mux-parts.js";
import { Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

/** A pool of connections to a device of the test, or to a port where none listens. */
async function setUp(t: TestContext, options = "PROT=echo", isThere = true) {
  const here = servicesHere(t);
  const { context } = here.generation;
  const port = await freePort();
  const state = { isNeeded: true, isAsked: true, device: isThere ? await Device.open("127.0.0.1", port) : undefined };
  const route = muxRoute(options, `127.0.0.1:${port}`);
  const opened: DeviceConnection[] = [];
  const told: string[] = [];
  const pool = new ConnectionPool({
    log: new MuxLog({ port: 5020 }, route.target, context),
    line: () => ({ port: 5020 }),
    route: () => route,
    context: () => context,
    isNeeded: () => state.isNeeded,
    isAsked: () => state.isAsked,
    opened: (connection) => {
      opened.push(connection);
      return {
        ready: () => void told.push("ready"),
        data: () => pool.markResponsive(connection),
        eof() {},
        drained() {},
        lost: (reason) => void told.push(`lost: ${reason}`),
        fault: (error) => void told.push(`fault: ${error}`),
      };
    },
    notReachable: (reason, hopeless) =>
      void told.push(`${hopeless === undefined ? "again" : "not reachable"}: ${reason}`),
    room() {},
  });
  t.after(() => {
    pool.close();
    state.device?.close();
  });
  const heard = (count: number): Promise<void> => until(() => told.length >= count, `event ${count} of ${told}`);
  /** The device sends something: it is there. */
  const respond = async (connection: DeviceConnection): Promise<void> => {
    const data = new Promise((resolve) => {
      connection.observer = { passed: resolve, drained() {}, ended() {} } as never;
    });
    const clients = state.device?.clients ?? [];
    await until(() => clients.length > 0, "the connection at the device");
    clients.at(-1)?.write("x\n");
    await data;
    await settle();
  };
  const mux = `[mux 5020 > 127.0.0.1:${port}]`;
  return { ...here, ...{ pool, port, state, opened, told, heard, respond, mux } };
}

test("connections are opened one at a time, POOL of them at most", async (t) => {
  const { clock, pool, opened, told, heard } = await setUp(t, "PROT=echo POOL=2");
  pool.open();
  pool.open();
  assert.equal(opened.length, 1, "the first one is being opened");
  await heard(1);
  pool.open();
  await until(() => opened[1]?.ready === true, "the second connection");
  clock.advance(49);
  assert.equal(told.length, 1, "a device that takes one connection might close it");
  clock.advance(1);
  await heard(2);
  pool.open();
  assert.deepEqual([opened.length, pool.connections.size, pool.outage !== undefined], [2, 2, false]);
});

test("a device that cannot be reached is tried again, less and less often, while it is needed", async (t) => {
  const { clock, log, pool, state, opened, told, heard, mux } = await setUp(t, "PROT=echo", false);
  pool.open();
  await heard(1);
  assert.deepEqual(
    [told, pool.outage !== undefined, pool.connections.size],
    [["not reachable: connection refused"], true, 0],
  );
  for (const [attempt, leastMs] of [1000, 2000, 4000, 8000].entries()) {
    clock.advance(leastMs - 1);
    assert.equal(opened.length, attempt + 1);
    clock.advance(Math.min(leastMs / 2, 2000) + 1); // jitter
    assert.equal(opened.length, attempt + 2);
    await heard(attempt + 2);
  }
  for (let attempt = 5; attempt < 8; attempt += 1) {
    clock.advance(10_000);
    assert.equal(opened.length, attempt + 1, "10 s are the longest wait");
    await heard(attempt + 1);
  }
  state.isNeeded = false;
  clock.advance(10_000);
  assert.deepEqual([opened.length, pool.outage !== undefined, clock.pending], [8, true, 0]);
  assert.deepEqual(log.lines, [
    `WARN ${mux} no link to the device: connection refused; trying again while there are clients`,
  ]);
});

test("a device that is back is reported with the time for which it was down", async (t) => {
  const { clock, log, pool, port, state, told, heard, mux } = await setUp(t, "PROT=echo", false);
  pool.open();
  await heard(1);
  state.device = await Device.open("127.0.0.1", port);
  clock.advance(1500);
  await heard(2);
  assert.equal(told[1], "ready");
  assert.deepEqual(
    log.lines.slice(1).map((line) => line.replace(/after \d+ ms/, "after … ms")),
    [`INFO ${mux} link connected to 127.0.0.1:${port} after … ms; the device was down for 1.5 s`],
  );
  assert.equal(pool.outage !== undefined, false);
});

test("RTRY: the first wait", async (t) => {
  const { clock, pool, opened, heard } = await setUp(t, "PROT=echo RTRY=5", false);
  pool.open();
  await heard(1);
  clock.advance(4999);
  assert.equal(opened.length, 1);
  clock.advance(2501);
  assert.equal(opened.length, 2);
});

test("while somebody asks, attempts that are refused are half a second apart, and requests fail at once in between", async (t) => {
  const { clock, pool, state, opened, heard } = await setUp(t, "PROT=echo", false);
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    pool.open();
    assert.deepEqual([opened.length, pool.refuses], [attempt, false]);
    await heard(attempt);
    assert.deepEqual([pool.refuses, pool.outage !== undefined], [true, true]);
    pool.open();
    clock.advance(499);
    assert.equal(opened.length, attempt, "the next attempt is not due");
    assert.equal(pool.refuses, true);
    if (attempt === 8) break;
    state.isNeeded = false; // the attempt that is due is left to open()
    clock.advance(1);
    state.isNeeded = true;
  }
  clock.advance(1);
  assert.equal(opened.length, 9, "what waits needs not ask again");
});

test("a connection that has answered is replaced as soon as somebody asks, and nobody else does", async (t) => {
  const { clock, pool, state, opened, told, heard, respond } = await setUp(t);
  pool.open();
  await heard(1);
  await respond(opened[0] as DeviceConnection);
  (await state.device?.client())?.reset();
  await heard(2);
  assert.match(told[1] ?? "", /^lost: reset by remote/);
  clock.advance(60_000);
  assert.deepEqual([opened.length, pool.outage !== undefined, pool.refuses], [1, false, false]);
  pool.open();
  assert.equal(opened.length, 2);
});

test("a device that closes connections without a word: the first time proves nothing, then it is not reachable", async (t) => {
  const { clock, log, pool, opened, told, heard, respond, mux } = await setUp(t);
  pool.open();
  await heard(1);
  pool.fail(opened[0] as DeviceConnection, "by device");
  assert.deepEqual(
    [told[1], pool.refuses, pool.outage !== undefined],
    ["again: connected, but closed: by device", false, false],
  );
  pool.open();
  clock.advance(999);
  assert.equal(opened.length, 1, "it is not flooded");
  clock.advance(1);
  await heard(3);
  pool.fail(opened[1] as DeviceConnection, "by device");
  assert.deepEqual(
    [told[3], pool.refuses, pool.outage !== undefined],
    ["not reachable: connected, but closed: by device", true, true],
  );
  clock.advance(1000);
  pool.open();
  await heard(5);
  assert.equal(pool.outage !== undefined, true, "it has still to answer");
  await respond(opened[2] as DeviceConnection);
  assert.equal(pool.outage !== undefined, false);
  const outage = log.lines.filter((line) => line.includes("device"));
  assert.deepEqual(outage.slice(-2), [
    `WARN ${mux} no link to the device: connected, but closed: by device; trying again while there are clients`,
    `INFO ${mux} the device was down for 1.0 s`,
  ]);
});

test("a connection that nobody has asked anything proves nothing, however often the device closes it", async (t) => {
  const { clock, pool, state, opened, told, heard } = await setUp(t);
  state.isAsked = false;
  for (const [index, ready] of [1, 2, 3].entries()) {
    pool.open();
    await heard(ready);
    pool.fail(opened[index] as DeviceConnection, "by device");
    assert.deepEqual([told.length, pool.refuses, pool.outage !== undefined], [ready, false, false]);
    pool.open();
    assert.equal(opened.length, index + 1, "it is not flooded");
    clock.advance(1000);
    await settle();
  }
});

test("a device that has answered may refuse for a second before requests fail", async (t) => {
  const { clock, pool, state, opened, told, heard, respond } = await setUp(t);
  pool.open();
  await heard(1);
  await respond(opened[0] as DeviceConnection);
  state.device?.stopListening();
  (await state.device?.client())?.reset();
  await heard(2);
  for (let attempt = 2; attempt <= 11; attempt += 1) {
    pool.open();
    assert.equal(opened.length, attempt);
    await heard(attempt + 1);
    assert.equal(told.at(-1), "again: connection refused");
    assert.equal(pool.refuses, false);
    clock.advance(100);
  }
  pool.open();
  await heard(13);
  assert.deepEqual(
    [told.at(-1), pool.refuses, pool.outage !== undefined],
    ["not reachable: connection refused", true, true],
  );
});

test("a retired connection is replaced at once, a useless one after the delay", async (t) => {
  const { log, clock, pool, state, opened, told, heard, respond, mux } = await setUp(t);
  pool.open();
  await heard(1);
  const [first] = opened as [DeviceConnection];
  await respond(first);
  pool.retire(first, "as old as MAXA allows");
  pool.retire(first, "again");
  pool.open();
  assert.equal(opened.length, 1, "the device may take one connection only");
  (await state.device?.client())?.end();
  await until(() => first.closed, "the end of the first one");
  pool.open();
  assert.equal(opened.length, 2);
  await until(() => opened[1]?.ready === true, "the second connection");
  clock.advance(49);
  assert.equal(told.length, 1, "the device might close it while it ends the first one");
  clock.advance(1);
  await heard(2);
  pool.replace(opened[1] as DeviceConnection, "no answer to its probe");
  pool.open();
  assert.equal(opened.length, 2);
  assert.deepEqual(
    log.lines.filter((line) => line.includes("closed")),
    [`INFO ${mux} link closed: as old as MAXA allows`, `INFO ${mux} link closed: no answer to its probe`],
  );
});

test("POOL=2: a failed second attempt does not delay the replacement of the only connection", async (t) => {
  const { clock, pool, state, opened, told, heard, respond } = await setUp(t, "PROT=echo POOL=2");
  pool.open();
  await heard(1);
  const [first] = opened as [DeviceConnection];
  await respond(first);
  clock.advance(5000);
  state.device?.stopListening();
  pool.open();
  await until(() => pool.connections.size === 1, "the second attempt to fail");
  assert.deepEqual([told, pool.outage !== undefined], [["ready"], false], "one connection is enough");
  pool.open();
  assert.equal(opened.length, 2, "a second connection is not due");
  pool.replace(first, "no answer to its probe");
  pool.open();
  assert.equal(opened.length, 3);
});

test("a responsive connection ends the growth of the wait", async (t) => {
  const { clock, pool, port, state, opened, heard, respond } = await setUp(t, "PROT=echo", false);
  pool.open();
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await heard(attempt);
    if (attempt === 3) state.device = await Device.open("127.0.0.1", port);
    clock.advance(6000);
  }
  await heard(4);
  const peer = await state.device?.client();
  const last = opened.at(-1) as DeviceConnection;
  await respond(last);
  state.device?.stopListening();
  peer?.reset();
  await heard(5);
  clock.advance(1000);
  pool.open();
  await heard(6);
  const before = opened.length;
  clock.advance(1500);
  assert.equal(opened.length, before + 1);
});

test("ended connections tell nothing, and open again when the pool is asked and the device has seen the end", async (t) => {
  const { clock, log, pool, opened, told, heard, mux } = await setUp(t);
  pool.open();
  await heard(1);
  pool.endAll("no client for 60 s");
  pool.endAll("no client for 60 s");
  assert.deepEqual([pool.connections.size, log.lines.at(-1)], [0, `INFO ${mux} links closed: no client for 60 s`]);
  pool.open();
  assert.equal(opened.length, 1);
  clock.advance(250);
  pool.open();
  assert.equal(opened.length, 1, "it had said nothing: it is not flooded");
  clock.advance(750);
  assert.equal(opened.length, 2);
  await heard(2);
  assert.deepEqual(told, ["ready", "ready"]);
});
