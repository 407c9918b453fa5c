import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "#src/core/parse/duration.js";

const times: [string, number | undefined][] = [
  ["60", 60_000],
  ["0", 0],
  ["0.5", 500],
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
    const parsed = parseDuration(text);
    assert.equal(parsed.ok ? parsed.value : undefined, ms);
  });
}
