import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ValueBoard } from "#src/core/mux/publish/value-board.js";
import type { RegisterRange } from "#src/core/mux/register-ranges.js";
import { words } from "../../../support/modbus.js";
import { ruleOf } from "../../../support/published.js";

const at = (start: number, count: number, code = 3, unit = 1): RegisterRange => ({ unit, code, start, count });
const registers = (...values: number[]): Buffer => words(0, ...values).subarray(1);

function boardOf(...rules: string[]): ValueBoard {
  const board = new ValueBoard(
    rules.map((text) => ruleOf(`unit 1 ${text}`)),
    0,
  );
  board.due(0); // that nothing is there yet
  return board;
}

test("at first no value is available", () => {
  const board = new ValueBoard([ruleOf("unit 1 holding 5 int16 as a")], 0);
  assert.deepEqual(board.due(0).publications, [{ name: "a", available: false }]);
  assert.deepEqual(board.due(0).publications, []);
  assert.deepEqual(board.status(0), [{ name: "a", state: "waiting" }]);
});

test("a value of two registers is read only where both are in one answer", () => {
  const board = boardOf("holding 10 uint32 as a", "holding 11 uint16 as b");
  assert.deepEqual(board.answered(at(11, 2), registers(7, 8), 1).publications, [
    { name: "b", text: "7", available: true },
  ]);
  assert.deepEqual(board.answered(at(9, 2), registers(1, 2), 2).publications, []);
  assert.deepEqual(board.answered(at(9, 3), registers(1, 2, 3), 2000).publications, [
    { name: "a", text: "131075", available: true },
    { name: "b", text: "3" },
  ]);
});

test("a number and its power of ten are read only where both are in one answer", () => {
  const board = boardOf("holding 10 uint16 scale-at 12 as a");
  assert.deepEqual(board.answered(at(10, 2), registers(7, 8), 1).publications, []);
  assert.deepEqual(board.answered(at(12, 2), registers(1, 2), 1).publications, []);
  const [told] = board.answered(at(9, 4), registers(0, 7, 8, 2), 1).publications;
  assert.equal(told?.text, "700");
});

test("another unit, another table, an answer that is too short or too long: nothing", () => {
  const board = boardOf("holding 10 uint16 as a", "coil 3 as c");
  for (const [range, values] of [
    [at(10, 1, 3, 2), registers(1)],
    [at(10, 1, 4), registers(1)],
    [at(10, 2), registers(1)],
    [at(10, 1), registers(1, 2)],
    [at(3, 9, 1), Buffer.of(1)],
  ] as const) {
    assert.deepEqual(board.answered(range, values, 1).publications, []);
  }
  assert.deepEqual(board.answered(at(1, 9, 1), Buffer.of(0b100, 0), 1).publications, [
    { name: "c", text: "true", available: true },
  ]);
});

test("a change is told at once, but once a second at most, and then the last one; the same again after every", () => {
  const board = boardOf("holding 1 uint16 as a every 1m");
  const say = (value: number, now: number) => board.answered(at(1, 1), registers(value), now);
  assert.equal(say(1, 0).publications.length, 1);
  const soon = say(2, 400);
  assert.deepEqual([soon.publications, soon.nextAt], [[], 1000]);
  say(3, 500);
  assert.deepEqual(board.due(1000).publications, [{ name: "a", text: "3" }]);
  assert.deepEqual(say(3, 2000).publications, []);
  assert.deepEqual(say(4, 2100).publications, [{ name: "a", text: "4" }]);
  for (let now = 3000; now < 62_100; now += 1000) assert.deepEqual(say(4, now).publications, []);
  assert.deepEqual(board.due(62_100).publications, [], "only an answer proves that it is still so");
  assert.deepEqual(say(4, 62_101).publications, [{ name: "a", text: "4" }]);
});

test("a change that is taken back within the second is not told", () => {
  const board = boardOf("holding 1 uint16 as a");
  board.answered(at(1, 1), registers(1), 0);
  board.answered(at(1, 1), registers(2), 100);
  board.answered(at(1, 1), registers(1), 200);
  assert.deepEqual(board.due(1000).publications, []);
});

test("a value that is too old, or that the device marks, is not available until it comes again", () => {
  const board = boardOf("holding 1 uint16 invalid 0xFFFF as a stale 10s");
  const { nextAt } = board.answered(at(1, 1), registers(1), 0);
  assert.equal(nextAt, 10_000);
  assert.deepEqual(board.due(9999).publications, []);
  assert.deepEqual(board.due(10_000).publications, [{ name: "a", available: false }]);
  assert.deepEqual(board.status(10_000), [{ name: "a", value: 1, ageMs: 10_000, state: "stale" }]);
  assert.deepEqual(board.answered(at(1, 1), registers(1), 11_000).publications, [{ name: "a", available: true }]);
  assert.deepEqual(board.answered(at(1, 1), registers(0xffff), 12_000).publications, [{ name: "a", available: false }]);
  assert.deepEqual(board.status(12_000), [{ name: "a", ageMs: 0, state: "invalid" }]);
});

test("what becomes invalid within the second is told when that is over, and no sooner", () => {
  const board = boardOf("holding 1 uint16 invalid 0 as a");
  const say = (value: number, now: number) => board.answered(at(1, 1), registers(value), now);
  say(1, 0);
  assert.deepEqual(
    [say(0, 100), say(2, 200).publications, say(0, 300).nextAt],
    [{ publications: [], nextAt: 1000 }, [], 1000],
  );
  assert.deepEqual(board.due(1000), {
    publications: [{ name: "a", available: false }],
    nextAt: Number.POSITIVE_INFINITY,
  });
  assert.deepEqual(say(2, 1100).publications, [{ name: "a", text: "2", available: true }]);
  assert.deepEqual(say(0, 1200).publications, []);
});

test("a reload keeps what is known of rules that stay", () => {
  const board = boardOf("holding 1 uint16 as a", "holding 2 uint16 as b");
  board.answered(at(1, 2), registers(1, 2), 0);
  const next = new ValueBoard(["unit 1 holding 1 uint16 as a", "unit 1 holding 2 int16 as b"].map(ruleOf), 0, board);
  assert.deepEqual(
    next.status(5).map(({ state }) => state),
    ["good", "waiting"],
  );
});

test("law: of random reads, the values that are read are exactly those that the range holds", () => {
  const rule = fc.record({ start: fc.nat(40), type: fc.constantFrom("uint16", "uint32", "uint64", "string 3") });
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 20 }),
      fc.nat(40),
      fc.integer({ min: 1, max: 20 }),
      (rules, start, count) => {
        const board = boardOf(...rules.map(({ start: from, type }, index) => `holding ${from} ${type} as v${index}`));
        const values = Buffer.alloc(2 * count, 0x41);
        board.answered(at(start, count), values, 5);
        for (const value of board.values) {
          const { start: from, count: size } = value.range;
          assert.equal(value.readAt, from >= start && from + size <= start + count ? 5 : undefined);
        }
      },
    ),
    { numRuns: 200 },
  );
});
