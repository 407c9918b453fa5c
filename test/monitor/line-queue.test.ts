import assert from "node:assert/strict";
import { test } from "node:test";
import { LineQueue } from "#src/monitor/line-queue.js";
import { ManualClock } from "../support/clock.js";

const [GATHER_MS, PAUSE_MS] = [20, 1000];

function queueOf(maxWaiting?: number) {
  const clock = new ManualClock();
  const texts: string[] = [];
  const underWay: ((error?: Error) => void)[] = [];
  const write = (text: string, done: (error?: Error) => void): void => {
    texts.push(text);
    underWay.push(done);
  };
  return { clock, texts, queue: new LineQueue(write, clock, maxWaiting), taken: (e?: Error) => underWay.shift()?.(e) };
}

test("a gap is told in the format of those who missed it, in its place", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push("first", []);
  queue.skip(["json"], 3);
  queue.push("second", []);
  queue.skip([]);
  clock.advance(GATHER_MS);
  taken();
  clock.advance(GATHER_MS);
  assert.deepEqual(texts, ['first\n{"notShown":3}\nsecond\n', "… 1 messages not shown\n"]);
  assert.equal(queue.lost, 4);
});

test("lines of JSON that could not be written are told in JSON", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push('{"message":"one"}', ["json"]);
  clock.advance(GATHER_MS);
  taken(new Error("disk full"));
  assert.equal(queue.full, true);
  clock.advance(PAUSE_MS);
  queue.push('{"message":"two"}', ["json"]);
  clock.advance(GATHER_MS);
  assert.equal(texts[1], '{"notShown":1}\n{"message":"two"}\n');
});

test("a watcher's queue has the limit it is given", () => {
  const { queue } = queueOf(1000);
  queue.push("x".repeat(400), []);
  assert.equal(queue.full, false);
  queue.push("x".repeat(100), []);
  assert.equal(queue.full, true);
  assert.equal(queue.idle, false);
});
