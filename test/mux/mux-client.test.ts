import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageFault } from "#src/core/mux/protocol.js";
import { findProtocol } from "#src/core/mux/protocols/protocols.js";
import type { MuxClientOwner } from "#src/mux/mux-client-owner.js";
import { ManualClock } from "../support/clock.js";
import { keepBusy } from "../support/cpu.js";
import { TestMuxClient } from "../support/mux-parts.js";
import { until } from "../support/wait.js";

const MAX_PENDING = 262_144;
const nextPass = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(name = "echo", more: Partial<MuxClientOwner> = {}) {
  const clock = new ManualClock();
  const told: string[] = [];
  const owner: Partial<MuxClientOwner> & { room: number } = {
    room: Number.POSITIVE_INFINITY,
    message(bytes: Buffer) {
      owner.room -= 1;
      told.push(bytes.toString("latin1"));
    },
    isQueueFull: () => owner.room <= 0,
    malformed: (reason: string, fault: MessageFault) => void told.push(`${fault}: ${reason}`),
    headReceived: () => void told.push("head"),
    resumed: () => void told.push("resumed"),
    gone: () => void told.push("gone"),
    ...more,
  };
  const protocol = findProtocol(name);
  assert.ok(protocol);
  const test = new TestMuxClient(protocol, clock, owner);
  return { ...test, test, client: test.client, clock, told, owner };
}

test("messages reach the mux whole, however they come in pieces", () => {
  const { client, told } = setUp();
  for (const piece of ["on", "e\ntwo\nth", "ree\n"]) client.write(Buffer.from(piece));
  assert.deepEqual(told, ["one\n", "two\n", "three\n"]);
  assert.equal(client.unsent, 0);
});

test("a full queue holds the client back, and room lets it go on", () => {
  const { client, told, owner, test } = setUp();
  owner.room = 1;
  client.write(Buffer.from("one\ntwo\nthree\n"));
  assert.deepEqual([told.splice(0), client.unsent], [["one\n"], 10]);
  owner.room = 1;
  client.check();
  assert.deepEqual([told.splice(0), test.take(), client.unsent], [["two\n"], [], 6]);
  owner.room = 1;
  client.check();
  assert.deepEqual([told, test.take(), client.unsent], [["three\n"], ["drained"], 0]);
});

test("many messages take several passes of the event loop", async () => {
  const seen: string[] = [];
  const { client, test } = setUp("echo", {
    message: (bytes) => {
      seen.push(String(bytes));
      keepBusy(1);
    },
  });
  client.write(Buffer.from("x\n".repeat(20)));
  assert.ok(seen.length < 20, `${seen.length} messages in one pass`);
  assert.ok(client.unsent > 0, "the relay must not reuse the memory yet");
  await until(() => seen.length === 20, "all messages");
  assert.deepEqual(test.take(), ["drained"]);
});

test("bytes that are no message are reported, and an ignored client is heard no more", () => {
  const { client, told } = setUp("modbus", {
    malformed: (reason) => {
      told.push(reason);
      client.ignore("");
    },
  });
  client.write(Buffer.from("000100010002ff", "hex"));
  client.write(Buffer.from("000100000006010300000001", "hex"));
  assert.deepEqual(told, ["MBAP protocol id 1: 0 is wanted"]);
  assert.equal(client.unsent, 0);
});

test("the head of an HTTP request is announced before its body comes; a body in crumbs is joined", async () => {
  const { client, told } = setUp("http");
  const head = "POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 600\r\n\r\n";
  client.write(Buffer.from(head));
  assert.deepEqual(told.splice(0), ["head"]);
  for (let count = 0; count < 600; count += 1) client.write(Buffer.from("b"));
  await until(() => told.length > 0, "the request");
  assert.deepEqual(told, [`${head}${"b".repeat(600)}`]);
});

test("answers go out at once while the client reads, and wait in order while it does not", () => {
  const { client, told, test } = setUp();
  client.resume();
  client.deliver(Buffer.from("one"));
  assert.deepEqual(test.take(), ["one"]);
  client.pause();
  client.deliver(Buffer.from("two"));
  client.deliver(Buffer.from("three"));
  assert.deepEqual(test.take(), []);
  assert.deepEqual(told.splice(0), ["resumed"]);
  client.resume();
  assert.deepEqual([test.take().join(""), told], ["twothree", ["resumed"]]);
});

test("a client with too much unread starts no request before it has read", () => {
  const { client, told, test } = setUp();
  client.resume();
  told.splice(0);
  client.pause();
  client.deliver(Buffer.alloc(MAX_PENDING));
  assert.equal(client.stalled, false);
  client.deliver(Buffer.from("x"));
  assert.equal(client.stalled, true);
  client.write(Buffer.from("one\n"));
  assert.deepEqual(told, []);
  test.onGot = () => client.pause();
  client.resume();
  assert.deepEqual(told, [], "it has paused again, and what it has left is not known to the mux");
  test.onGot = () => {};
  client.resume();
  assert.deepEqual(told, ["resumed", "one\n"]);
});

test("a client that takes long gets its answers in order; the mux hears of it when its backlog is small", async () => {
  const { client, told, test } = setUp();
  const pieces = Array.from({ length: 6 }, (_, index) => String(index).repeat(100_000));
  for (const piece of pieces) client.deliver(Buffer.from(piece));
  test.onGot = () => keepBusy(3);
  client.resume();
  assert.deepEqual([client.stalled, told], [true, []]);
  client.deliver(Buffer.from("behind them"));
  await until(() => test.got.length === 7, "everything");
  assert.deepEqual(test.take(), [...pieces, "behind them"]);
  assert.deepEqual([...new Set(told)], ["resumed"]);
});

test("FIN: the mux hears of it behind the last message; while answers are outstanding there is a sign of life each second", async () => {
  const order: string[] = [];
  const { client, clock, owner, test } = setUp("echo", {
    inputEnded: () => {
      order.push("FIN");
      return true;
    },
  });
  test.onGot = (text) => order.push(text === "" ? "sign of life" : text);
  client.resume();
  owner.room = 0;
  client.write(Buffer.from("one\n"));
  client.end();
  client.end();
  client.write(Buffer.from("behind the FIN\n"));
  await nextPass();
  assert.deepEqual(order, []);
  owner.room = 5;
  client.check();
  await nextPass();
  clock.advance(2000);
  assert.deepEqual(order, ["drained", "finished", "FIN", "sign of life", "sign of life"]);
  client.close(undefined);
  clock.advance(5000);
  assert.deepEqual(order.slice(5), ["EOF"]);
});

test("a client that no answer waits for gives no sign of life", async () => {
  const { client, clock, test } = setUp();
  client.resume();
  client.end();
  await nextPass();
  assert.deepEqual([test.take(), clock.pending], [["finished"], 0]);
});

test("a close comes behind the answers, and throws away what the client still sends", () => {
  const { client, told, owner, test } = setUp();
  owner.room = 0;
  client.write(Buffer.from("one\n"));
  client.deliver(Buffer.from("answer"));
  client.close("no link to the device");
  assert.deepEqual([test.take(), client.unsent], [[], 0]);
  owner.room = 5;
  client.resume();
  assert.deepEqual(test.take(), ["answer", "closed: no link to the device"]);
  assert.deepEqual(told, ["gone"]);
});

test("a cut does not wait for a client that does not read", () => {
  const { client, told, test } = setUp();
  client.deliver(Buffer.from("answer"));
  client.cut("it does not read");
  client.destroy();
  assert.deepEqual([test.take(), told, client.gone], [["closed: it does not read"], ["gone"], true]);
});
