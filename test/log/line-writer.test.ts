import assert from "node:assert/strict";
import { test } from "node:test";
import { LineWriter } from "#src/log/line-writer.js";
import { ManualClock } from "../support/clock.js";

const MAX_WAITING = 100_000;
const GATHER_MS = 20;
const PAUSE_MS = 1000;
const LONG = "x".repeat(40_000); // two bytes a character: two of them are too many

/** A writer, what it has written, and `taken`, which ends the oldest write under way. */
function writerOf(maxWaiting = MAX_WAITING) {
  const clock = new ManualClock();
  const texts: string[] = [];
  const underWay: ((error?: Error) => void)[] = [];
  const write = (text: string, done: (error?: Error) => void): void => {
    texts.push(text);
    underWay.push(done);
  };
  const writer = new LineWriter(write, clock, (lost) => `${lost} lost`, maxWaiting);
  return { clock, texts, writer, taken: (error?: Error): void => underWay.shift()?.(error) };
}

test("lines of 20 ms are one write, and the next write waits until that one is taken", () => {
  const { clock, texts, writer, taken } = writerOf();
  writer.push("one");
  clock.advance(GATHER_MS - 1);
  writer.push("two");
  assert.deepEqual(texts, []);
  clock.advance(1);
  assert.deepEqual(texts, ["one\ntwo\n"]);
  writer.push("three");
  clock.advance(1000);
  assert.equal(texts.length, 1);
  assert.equal(writer.idle, false);
  taken();
  clock.advance(GATHER_MS);
  assert.equal(texts[1], "three\n");
  assert.equal(writer.idle, false);
  taken();
  assert.equal(writer.idle, true);
  assert.equal(clock.pending, 0);
});

test("a full writer: lines are skipped, and a gap line with their number stands in their place", () => {
  const { clock, texts, writer, taken } = writerOf();
  writer.push("first");
  clock.advance(GATHER_MS);
  writer.push(LONG);
  assert.equal(writer.full, false);
  writer.push(LONG);
  assert.equal(writer.full, true);
  writer.skip();
  writer.skip(3);
  taken();
  clock.advance(GATHER_MS);
  assert.equal(writer.full, false);
  writer.push("behind");
  taken();
  clock.advance(GATHER_MS);
  assert.equal(texts.join(""), `first\n${LONG}\n${LONG}\n4 lost\nbehind\n`);
  assert.equal(writer.lost, 4);
});

test("many short lines fill it, too: each costs more than its characters", () => {
  const { writer } = writerOf();
  let lines = 0;
  while (!writer.full) {
    writer.push("");
    lines += 1;
  }
  assert.ok(lines < MAX_WAITING / 50, `${lines} lines`);
});

test("without a limit of its own it keeps 4 MiB", () => {
  const { writer } = writerOf(undefined);
  const lines = Math.floor(4_194_304 / (2 * LONG.length + 64));
  for (let count = 0; count < lines; count += 1) writer.push(LONG);
  assert.equal(writer.full, true, "writerOf has a limit");
  const roomy = new LineWriter(() => {}, new ManualClock(), String);
  for (let count = 0; count < lines; count += 1) roomy.push(LONG);
  assert.equal(roomy.full, false);
  roomy.push(LONG);
  assert.equal(roomy.full, true);
});

test("a gap at the end is told when there is room, though no line follows", () => {
  const { clock, texts, writer, taken } = writerOf();
  writer.push("first");
  clock.advance(GATHER_MS);
  writer.skip(2);
  assert.equal(writer.idle, false);
  taken();
  clock.advance(GATHER_MS);
  assert.deepEqual(texts, ["first\n", "2 lost\n"]);
  taken();
  assert.equal(writer.idle, true);
  assert.equal(clock.pending, 0);
});

test("lines that could not be written count as lost, and for a second nothing is tried", () => {
  const { clock, texts, writer, taken } = writerOf();
  writer.push("one");
  writer.push("two");
  clock.advance(GATHER_MS);
  taken(new Error("EPIPE"));
  assert.equal(writer.lost, 2);
  clock.advance(PAUSE_MS - 1);
  assert.equal(writer.full, true);
  clock.advance(1);
  assert.equal(writer.full, false);
  writer.push("three");
  clock.advance(GATHER_MS);
  assert.equal(texts[1], "2 lost\nthree\n");
});

test("a gap line that could not be written is told again, with the lines lost since; gap lines themselves are not counted", () => {
  const { clock, texts, writer, taken } = writerOf();
  writer.push("first");
  clock.advance(GATHER_MS);
  taken(new Error("disk full"));
  writer.skip(10);
  clock.advance(PAUSE_MS);
  writer.push("second");
  clock.advance(GATHER_MS);
  assert.equal(texts[1], "11 lost\nsecond\n");
  taken(new Error("disk full"));
  clock.advance(PAUSE_MS);
  writer.push("third");
  clock.advance(GATHER_MS);
  assert.equal(texts[2], "12 lost\nthird\n");
  taken();
  assert.equal(writer.lost, 12);
});

test("retry: a new target is not held up by the error of the old one", () => {
  const { clock, writer, taken } = writerOf();
  writer.push("one");
  clock.advance(GATHER_MS);
  taken(new Error("disk full"));
  assert.equal(writer.full, true);
  writer.retry();
  assert.equal(writer.full, false);
});

test("finish writes what waits at once, a gap line too, and leaves no timer", () => {
  const { clock, texts, writer } = writerOf();
  writer.push("one");
  writer.skip();
  writer.finish();
  assert.deepEqual(texts, ["one\n1 lost\n"]);
  assert.equal(clock.pending, 0);
  const busy = writerOf();
  busy.writer.push("one");
  busy.clock.advance(GATHER_MS);
  busy.writer.push("two");
  busy.writer.finish();
  assert.deepEqual(busy.texts, ["one\n", "two\n"], "not behind the write under way");
  busy.taken();
  assert.equal(busy.writer.idle, false);
  busy.taken();
  assert.equal(busy.writer.idle, true);
  const nothing = writerOf();
  nothing.writer.finish();
  assert.deepEqual(nothing.texts, []);
});
