import assert from "node:assert/strict";
import { test } from "node:test";
import { FairScheduler } from "#src/mux/fair-scheduler.js";
import type { FairSchedulerOwner } from "#src/mux/fair-scheduler-owner.js";
import type { ClientRequest, PendingRequest } from "#src/mux/pending-request.js";
import { ManualClock } from "../support/clock.js";
import { readPdu, wrap, writePdu } from "../support/modbus.js";
import { modbusMessage, muxRoute, pass, registerPdu, requestOf, settle, TestMuxClient } from "../support/mux-parts.js";

const READ_1 = modbusMessage(1, readPdu(1));
const READ_2 = modbusMessage(2, readPdu(2));
const WRITE = modbusMessage(3, writePdu(1, 1));
const exception = (id: number, code: number): string => modbusMessage(id, Buffer.of(0x83, code)).toString("latin1");

interface Started {
  readonly name: string;
  readonly clientRequest: ClientRequest;
  readonly pending: PendingRequest;
}

/** A scheduler whose mux is the test. */
function setUp(options = "PROT=modbus TIME=2") {
  const clock = new ManualClock();
  const { mux } = muxRoute(options);
  const { protocol } = mux;
  const started: Started[] = [];
  const told: string[] = [];
  const names = new Map<unknown, string>();
  const state = {
    room: Number.POSITIVE_INFINITY,
    isCoalescing: false,
    shared: new Set<string>(),
    excusedMs: 0,
    busyUnit: 0,
    lastUnit: 0,
  };
  const owner: FairSchedulerOwner = {
    clock,
    options: () => mux,
    hasRoom: () => state.room > 0,
    isCoalescing: () => state.isCoalescing,
    roomFor({ key = "", modbus }) {
      if (state.shared.has(key)) return "room";
      if (modbus?.unit === state.busyUnit) return "other";
      if (state.room > 0 && modbus?.unit === state.lastUnit) return "last";
      return state.room > 0 ? "room" : "none";
    },
    keyOf: ({ key }) => key,
    lostMs: () => 0,
    excusedMs() {
      const ms = state.excusedMs;
      state.excusedMs = 0;
      return ms;
    },
    start: (clientRequest, pending) => {
      state.room -= 1;
      const name = `${names.get(clientRequest.client)}${protocol.idOf(clientRequest.request.bytes)}`;
      started.push({ name, clientRequest, pending });
      scheduler.started(clientRequest, pending);
    },
    needsConnection: () => void told.push("needs a connection"),
    settled: (_clientRequest, outcome) => void (outcome === "timeouts" && told.push("timed out")),
    queueFull: () => void told.push("queue full"),
  };
  const scheduler = new FairScheduler(owner);
  const join = (name: string): TestMuxClient => {
    const test = new TestMuxClient(protocol, clock, { gone: () => scheduler.remove(test.client) });
    names.set(test.client, name);
    scheduler.add(test.client);
    test.client.resume();
    return test;
  };
  const ask = ({ client }: TestMuxClient, ...messages: Buffer[]): void => {
    for (const message of messages) scheduler.request(client, requestOf(protocol, message));
  };
  const finish = (index: number): void => {
    scheduler.finished((started[index] as Started).clientRequest);
    scheduler.dispatch();
  };
  const order = (): string[] => started.map(({ name }) => name);
  return { clock, scheduler, state, started, told, join, ask, finish, order };
}

test("clients take turns, and each client's requests keep their order", async () => {
  const { scheduler, state, join, ask, finish, order } = setUp();
  state.room = 0;
  const [a, b, c] = [join("a"), join("b"), join("c")];
  ask(a, READ_1, READ_2, WRITE);
  await settle();
  ask(b, READ_1);
  ask(c, READ_1, READ_2);
  await settle();
  for (let index = 0; index < 6; index += 1) {
    state.room = 1;
    scheduler.dispatch();
    await settle();
    finish(index);
  }
  await settle();
  assert.deepEqual(order(), ["a1", "b1", "c1", "a2", "c2", "a3"]);
});

test("reads of one client run beside each other; a write waits for them, and everything waits for a write", async () => {
  const { join, ask, finish, order } = setUp();
  const a = join("a");
  ask(a, READ_1, READ_2, WRITE, READ_1);
  await settle();
  assert.deepEqual(order(), ["a1", "a2"]);
  finish(0);
  await settle();
  assert.equal(order().length, 2);
  finish(1);
  await settle();
  assert.deepEqual(order().slice(2), ["a3"]);
  finish(2);
  await settle();
  assert.deepEqual(order().slice(3), ["a1"]);
});

test("without ids the requests of a client run one after the other", async () => {
  const { join, scheduler, finish, started } = setUp("PROT=modbus-serial");
  const a = join("a");
  const read = { bytes: Buffer.from("010300010001d5ca", "hex"), reads: true };
  scheduler.request(a.client, read);
  await settle();
  scheduler.request(a.client, read);
  await settle();
  assert.equal(started.length, 1);
  finish(0);
  await settle();
  assert.equal(started.length, 2);
});

test("requests that wait for room ask for a connection, and start when there is room", async () => {
  const { scheduler, state, told, join, ask, order } = setUp();
  state.room = 0;
  ask(join("a"), READ_1);
  await settle();
  assert.deepEqual([order(), told.splice(0)], [[], ["needs a connection"]]);
  state.room = 1;
  scheduler.dispatch();
  await settle();
  assert.deepEqual([order(), told, scheduler.waiting], [["a1"], [], 0]);
});

test("a read needs no room when its answer is cached or under way, whenever that becomes known", async () => {
  const { scheduler, state, join, ask, order } = setUp();
  Object.assign(state, { room: 0, isCoalescing: true });
  const key = requestOf(muxRoute("PROT=modbus").mux.protocol, READ_1).key ?? "";
  ask(join("a"), READ_1);
  await settle();
  ask(join("b"), READ_2);
  state.shared.add(key);
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), [], "nobody has asked again");
  scheduler.answerExpected(key);
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["a1"]);
  ask(join("c"), READ_1);
  await settle();
  assert.deepEqual(order(), ["a1", "c1"]);
});

test("QLEN: a request too many is rejected behind the waiting ones", async () => {
  const { state, told, join, ask, finish, scheduler } = setUp("PROT=modbus QLEN=1");
  state.room = 0;
  const a = join("a");
  ask(a, WRITE, READ_2);
  await settle();
  assert.deepEqual(
    told.filter((text) => text === "queue full"),
    ["queue full"],
  );
  assert.deepEqual(a.take(), []);
  state.room = 1;
  scheduler.dispatch();
  finish(0);
  await settle();
  assert.deepEqual(a.take(), [exception(2, 6)]);
});

test("a client is not read when its queue is full; where rejections have words, there is room for 1024 of them", async () => {
  for (const [options, most] of [
    ["PROT=echo QLEN=2", 2],
    ["PROT=modbus QLEN=2", 2 + 1024],
  ] as const) {
    const { state, scheduler, join } = setUp(options);
    state.room = 0;
    const { client } = join("a");
    const { protocol } = muxRoute(options).mux;
    const request = requestOf(protocol, options.includes("echo") ? Buffer.from("x\n") : WRITE);
    for (let count = 0; count < most; count += 1) {
      assert.equal(scheduler.isQueueFull(client), false);
      scheduler.request(client, request);
    }
    await settle();
    assert.equal(scheduler.isQueueFull(client), true);
  }
});

test("TIME holds from the arrival: for the turn, and for the answer", async () => {
  const { clock, scheduler, state, told, join, ask } = setUp();
  const a = join("a");
  ask(a, READ_1);
  await settle();
  state.room = 0;
  ask(a, READ_2);
  await settle();
  await pass(clock, 1999);
  await settle();
  assert.deepEqual(a.take(), []);
  await pass(clock, 1);
  await settle();
  assert.deepEqual(a.take(), [exception(1, 0x0b), exception(2, 0x0b)]);
  assert.deepEqual(told.filter((text) => text === "timed out").length, 2);
  await settle();
  assert.equal(scheduler.waiting, 0);
});

test("the time that a request has waited for units that do not answer does not count", async () => {
  const { clock, state, told, join, ask } = setUp();
  const a = join("a");
  state.room = 0;
  ask(a, READ_1);
  state.excusedMs = 1000;
  await pass(clock, 2900);
  assert.equal(told.includes("timed out"), false);
  await pass(clock, 100);
  await settle();
  assert.deepEqual(a.take(), [exception(1, 0x0b)]);
});

test("a request whose unit has not answered the one before it waits, and those of other units do not wait for it", async () => {
  const { scheduler, state, join, ask, order } = setUp();
  const [a, b] = [join("a"), join("b")];
  state.busyUnit = 1;
  ask(a, READ_1);
  ask(b, wrap("modbus", { id: 7, unit: 2, pdu: readPdu(1) }));
  await settle();
  assert.deepEqual(order(), ["b7"]);
  state.busyUnit = 0;
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["b7"], "nobody has asked again");
  scheduler.unitFreed();
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["b7", "a1"]);
});

test("a request to a unit that has not answered goes behind the others", async () => {
  const { scheduler, state, join, ask, order } = setUp();
  const [a, b] = [join("a"), join("b")];
  Object.assign(state, { room: 0, lastUnit: 1 });
  ask(a, READ_1);
  await settle();
  ask(b, wrap("modbus", { id: 7, unit: 2, pdu: readPdu(1) }));
  await settle();
  state.room = 2;
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["b7", "a1"]);
});

test("a request whose answer has begun does not expire", async () => {
  const { clock, started, told, join, ask } = setUp();
  const a = join("a");
  ask(a, READ_1);
  await settle();
  (started[0] as Started).pending.answerBegun = true;
  clock.advance(10_000);
  await settle();
  assert.deepEqual([a.take(), told], [[], []]);
});

test("a failed request is answered by an exception; without such words the client is closed, and asks nothing more", async () => {
  const modbus = setUp();
  const a = modbus.join("a");
  modbus.ask(a, READ_1);
  await settle();
  modbus.scheduler.failed((modbus.started[0] as Started).clientRequest, "link lost");
  await settle();
  assert.deepEqual(a.take(), [exception(1, 0x0b)]);
  const echo = setUp("PROT=echo");
  const b = echo.join("b");
  for (const text of ["one\n", "two\n"]) echo.scheduler.request(b.client, { bytes: Buffer.from(text), reads: false });
  await settle();
  echo.scheduler.failed((echo.started[0] as Started).clientRequest, "no path");
  await settle();
  assert.deepEqual([b.take(), echo.scheduler.waiting], [["closed: no path for its request"], 0]);
});

test("a repeated request goes before all others", async () => {
  const { scheduler, state, started, join, ask, order } = setUp();
  const [a, b] = [join("a"), join("b")];
  ask(a, READ_1);
  await settle();
  state.room = 0;
  ask(b, READ_1);
  await settle();
  const { clientRequest, pending } = started[0] as Started;
  scheduler.repeat(clientRequest);
  await settle();
  assert.equal(pending.isWanted, false);
  state.room = 2;
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["a1", "a1", "b1"]);
});

test("replies of the mux keep the order of the requests: with ids beside reads, without ids behind the answer", async () => {
  const modbus = setUp();
  const a = modbus.join("a");
  modbus.ask(a, READ_1);
  await settle();
  modbus.scheduler.reply(a.client, Buffer.from("reply"));
  modbus.scheduler.reply(a.client, Buffer.from("last"), "malformed");
  await settle();
  assert.deepEqual(a.take(), ["reply"], "a close waits for the answer");
  a.client.deliver(modbusMessage(1, registerPdu(7)));
  modbus.finish(0);
  await settle();
  assert.deepEqual(a.take().slice(1), ["last", "closed: malformed"]);
  const echo = setUp("PROT=echo");
  const b = echo.join("b");
  echo.scheduler.request(b.client, { bytes: Buffer.from("x\n"), reads: false });
  await settle();
  echo.scheduler.reply(b.client, Buffer.from("reply"));
  await settle();
  assert.deepEqual(b.take(), []);
  echo.finish(0);
  await settle();
  assert.deepEqual(b.take(), ["reply"]);
});

test("a client that does not read starts nothing before it has read", async () => {
  const { scheduler, join, ask, order } = setUp();
  const a = join("a");
  a.client.pause();
  a.client.deliver(Buffer.alloc(300_000));
  ask(a, READ_1);
  await settle();
  assert.deepEqual(order(), []);
  a.client.resume();
  scheduler.reconsider(a.client);
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["a1"]);
});

test("a client that sends FIN is closed behind its last answer", async () => {
  const { scheduler, join, ask, finish } = setUp();
  const [a, b] = [join("a"), join("b")];
  ask(a, READ_1);
  await settle();
  scheduler.inputEnded(a.client);
  await settle();
  assert.deepEqual(a.take(), []);
  finish(0);
  await settle();
  assert.deepEqual(a.take(), ["EOF"]);
  scheduler.inputEnded(b.client);
  await settle();
  assert.deepEqual(b.take(), ["EOF"]);
});

test("a client that leaves takes its requests with it", async () => {
  const { clock, scheduler, state, started, told, join, ask } = setUp();
  const [a, b] = [join("a"), join("b")];
  ask(a, READ_1);
  await settle();
  state.room = 0;
  ask(a, READ_2);
  await settle();
  ask(b, READ_1);
  a.client.destroy();
  await settle();
  assert.equal(started[0]?.pending.isWanted, false);
  assert.equal(scheduler.waiting, 1);
  told.splice(0);
  await pass(clock, 5000);
  await settle();
  assert.deepEqual([a.take(), told.filter((text) => text === "timed out").length], [[], 1]);
});

test("a stopped scheduler starts nothing, but still delivers replies", async () => {
  const { scheduler, told, join, ask, order } = setUp();
  const a = join("a");
  scheduler.stop();
  scheduler.reply(a.client, Buffer.from("reply"));
  ask(a, READ_1);
  await settle();
  assert.deepEqual([order(), a.take(), told], [[], ["reply"], []]);
});

test("requests that are put back one after the other take their places before any of them is started", async () => {
  const { scheduler, state, started, join, ask, order } = setUp();
  ask(join("a"), READ_1, READ_2);
  await settle();
  const [first, second] = started;
  state.room = 2;
  const release = scheduler.hold();
  scheduler.repeat((second as Started).clientRequest);
  scheduler.dispatch();
  await settle();
  assert.deepEqual(order(), ["a1", "a2"]);
  scheduler.repeat((first as Started).clientRequest);
  release();
  await settle();
  assert.deepEqual(order(), ["a1", "a2", "a1", "a2"]);
});
