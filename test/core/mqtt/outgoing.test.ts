import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FixedMessage } from "#src/core/mqtt/mqtt-message.js";
import { Outgoing } from "#src/core/mqtt/outgoing.js";

const RETAINED = { topics: 3, bytes: 10_000 };

function message(payload: string, qos: 0 | 1 = 0): FixedMessage {
  return { topic: "t", payload, qos, retain: false };
}

function payloads(outgoing: Outgoing): string[] {
  const all: string[] = [];
  for (let one = outgoing.take(); one !== undefined; one = outgoing.take()) all.push(String(one.payload));
  return all;
}

test("the oldest messages make room", () => {
  const outgoing = new Outgoing({ messages: 2, bytes: 10_000 }, RETAINED);
  for (const text of ["1", "2", "3", "4"]) outgoing.send(message(text));
  assert.equal(outgoing.dropped, 2);
  assert.equal(outgoing.droppedNow, 2);
  const taken = [outgoing.take(), outgoing.take()];
  assert.deepEqual(
    taken.map((one) => one?.payload),
    ["3", "4"],
  );
  for (const one of taken) if (one !== undefined) outgoing.settled(one);
  assert.equal(outgoing.droppedNow, 0, "all was said: that outage is over");
  assert.equal(outgoing.dropped, 2);
});

test("a message that is too large makes no room: it is dropped itself", () => {
  const outgoing = new Outgoing({ messages: 10, bytes: 2000 }, RETAINED);
  for (const text of ["a", "x".repeat(3000), "b"]) outgoing.send(message(text));
  assert.equal(outgoing.dropped, 1);
  assert.deepEqual(payloads(outgoing), ["a", "b"]);
});

test("what waits never takes more than the limits, and what is missing is counted", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 400 }), { maxLength: 50 }), (texts) => {
      const outgoing = new Outgoing({ messages: 10, bytes: 2000 }, RETAINED);
      for (const text of texts) outgoing.send(message(text));
      assert.ok(outgoing.size <= 10 && outgoing.bytes <= 2000);
      const waiting = outgoing.size;
      assert.equal(outgoing.dropped, texts.length - waiting);
      assert.deepEqual(payloads(outgoing), texts.slice(texts.length - waiting));
      assert.equal(outgoing.bytes, 0);
    }),
  );
});

test("after a cut, QoS 1 goes again before the others, QoS 0 does not", () => {
  const outgoing = new Outgoing({ messages: 10, bytes: 10_000 }, RETAINED);
  const underWay = [message("a", 1), message("b", 0), message("c", 1)];
  outgoing.send(message("d", 1));
  outgoing.unsettled(underWay);
  assert.deepEqual(payloads(outgoing), ["a", "c", "d"]);
});

test("of a topic that is kept the last message goes out, on each connection", () => {
  const outgoing = new Outgoing({ messages: 10, bytes: 10_000 }, RETAINED);
  outgoing.send(message("once"));
  for (const value of ["1", "2", "3"]) outgoing.keep("value", value, 0);
  assert.deepEqual(payloads(outgoing), ["3", "once"]);
  outgoing.repeat();
  assert.deepEqual(payloads(outgoing), ["3"]);
});

test("one topic is said behind all others, however early it was kept", () => {
  const outgoing = new Outgoing({ messages: 10, bytes: 10_000 }, RETAINED);
  for (const topic of ["status", "a", "b"]) outgoing.keep(topic, topic, 0);
  outgoing.repeat("status");
  assert.deepEqual(payloads(outgoing), ["a", "b", "status"]);
});

test("a topic that is taken away is kept until that has been said", () => {
  const outgoing = new Outgoing({ messages: 10, bytes: 10_000 }, RETAINED);
  outgoing.keep("value", "1", 0);
  outgoing.keep("value", "", 0);
  const removal = outgoing.take();
  assert.equal(removal?.payload, "");
  outgoing.repeat();
  assert.equal(outgoing.take(), removal, "the connection was cut meanwhile");
  if (removal !== undefined) outgoing.settled(removal);
  outgoing.repeat();
  assert.equal(outgoing.take(), undefined);
});

test("there is room for so many topics that are kept", () => {
  const outgoing = new Outgoing({ messages: 10, bytes: 10_000 }, RETAINED);
  for (const topic of ["a", "b", "c", "d"]) outgoing.keep(topic, "1", 0);
  outgoing.keep("a", "2", 0);
  assert.equal(outgoing.dropped, 1);
  assert.deepEqual(
    outgoing.kept.map(({ topic, payload }) => `${topic}=${payload}`),
    ["a=2", "b=1", "c=1"],
  );
});
