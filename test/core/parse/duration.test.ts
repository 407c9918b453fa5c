import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseTimeWithUnit } from "#src/core/parse/duration.js";

const times: [string, number | undefined][] = [
  ["60", undefined],
  ["0s", 0],
  ["0.5", undefined],
  ["1s", 1000],
  ["500ms", 500],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["250us", 0.25],
  ["250µs", 0.25],
  ["1000000ns", 1],
  ["1h1m1s1ms", 3_661_001],
  ["", undefined],
  ["s", undefined],
  ["-1s", undefined],
  ["1 s", undefined],
  ["1d", undefined],
  ["1s30", undefined],
  ["1..5s", undefined],
  ["9999999999999999h", undefined],
];
for (const [text, ms] of times) {
  test(`the time "${text}" is ${ms === undefined ? "refused" : `${ms} ms`}`, () => {
    const parsed = parseTimeWithUnit(text);
    assert.equal(parsed?.ok ? parsed.value : undefined, ms);
  });
}

test("a whole number of milliseconds is printed in the longest unit that divides it, and read again", () => {
  const printed: [number, string][] = [
    [0, "0"],
    [1, "1ms"],
    [1500, "1500ms"],
    [5000, "5s"],
    [90_000, "90s"],
    [120_000, "2m"],
    [3_600_000, "1h"],
  ];
  for (const [ms, text] of printed) assert.equal(formatDuration(ms), text);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (ms) => {
      assert.deepEqual(parseTimeWithUnit(formatDuration(ms)), { ok: true, value: ms });
    }),
  );
});
