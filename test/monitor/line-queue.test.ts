import assert from "node:assert/strict";
import { test } from "node:test";
import { LineQueue } from "#src/monitor/line-queue.js";
import { ManualClock } from "../support/clock.js";

/** A queue whose writes the test ends when it likes. */
function queueOf() {
  const clock = new ManualClock();
  const texts: string[] = [];
  const under: ((error?: Error) => void)[] = [];
  const queue = new LineQueue(
    (text, done) => {
      texts.push(text);
      under.push(done);
    },
    clock,
    MAX_WAITING,
  );
  const taken = (error?: Error): void => under.shift()?.(error);
  return { clock, texts, queue, taken };
}

const MAX_WAITING = 100_000;
const LONG = "x".repeat(40_000); // two bytes a character: two of them are too many

test("lines of some milliseconds are one write, and the next waits until it is taken", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push("one");
  queue.push("two");
  assert.deepEqual(texts, []);
  clock.advance(50);
  assert.deepEqual(texts, ["one\ntwo\n"]);
  queue.push("three");
  clock.advance(1000);
  assert.equal(texts.length, 1);
  assert.equal(queue.idle, false);
  taken();
  clock.advance(50);
  assert.equal(texts[1], "three\n");
  taken();
  assert.equal(queue.idle, true);
});

test("when it is full messages are left out, and their number stands where they would have been", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push("first");
  clock.advance(50);
  queue.push(LONG);
  assert.equal(queue.full, false);
  queue.push(LONG);
  assert.equal(queue.full, true);
  queue.skip([]);
  queue.skip([]);
  taken();
  clock.advance(50);
  assert.equal(queue.full, false);
  queue.push("behind");
  taken();
  clock.advance(50);
  assert.equal(texts.join(""), `first\n${LONG}\n${LONG}\n… 2 messages not shown\nbehind\n`);
  assert.equal(queue.lost, 2);
});

test("many short lines fill it, too: each costs more than its characters", () => {
  const { clock, queue } = queueOf();
  queue.push("first");
  clock.advance(50);
  let lines = 0;
  while (!queue.full) {
    queue.push("");
    lines += 1;
  }
  assert.ok(lines < MAX_WAITING / 50, `${lines} lines`);
});

test("a gap at the end is told when there is room, though no message follows", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push("first");
  clock.advance(50);
  queue.push(LONG);
  queue.push(LONG);
  queue.skip(["json"]);
  taken();
  clock.advance(50);
  taken();
  clock.advance(50);
  assert.ok(texts.join("").endsWith('{"notShown":1}\n'));
  taken();
  assert.equal(queue.idle, true);
});

test("what could not be written counts as not shown; for a second nothing is tried", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push("one");
  queue.push("two");
  clock.advance(50);
  taken(new Error("EPIPE"));
  assert.equal(queue.lost, 2);
  assert.equal(queue.full, true);
  clock.advance(1500);
  assert.equal(queue.full, false);
  queue.push("three");
  clock.advance(50);
  assert.equal(texts[1], "… 2 messages not shown\nthree\n");
});

test("finish writes at once what waits", () => {
  const { texts, queue } = queueOf();
  queue.push("one");
  queue.finish();
  assert.deepEqual(texts, ["one\n"]);
});

test("a gap whose line could not be written is told again, with what was lost since", () => {
  const { clock, texts, queue, taken } = queueOf();
  queue.push("first");
  clock.advance(50);
  taken(new Error("disk full"));
  for (let count = 0; count < 10; count += 1) queue.skip([]);
  clock.advance(1000);
  queue.push("second");
  clock.advance(50);
  assert.equal(texts[1], "… 11 messages not shown\nsecond\n");
  taken(new Error("disk full"));
  clock.advance(1000);
  queue.push("third");
  clock.advance(50);
  assert.equal(texts[2], "… 12 messages not shown\nthird\n");
  taken();
  assert.equal(queue.lost, 12);
});
