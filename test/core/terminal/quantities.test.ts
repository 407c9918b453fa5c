import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shortDelay, shortNumber, shortTime } from "#src/core/terminal/quantities.js";

test("numbers, times and delays are short", () => {
  const numbers = [0, 7, 999, 999.6, 1000, 1234, 9949, 9950, 34_567, 999_499, 999_500, 2e9, 3e18];
  assert.deepEqual(
    numbers.map((number) => shortNumber(number)),
    ["0", "7", "999", "1.0k", "1.0k", "1.2k", "9.9k", "10k", "35k", "999k", "1.0M", "2.0G", "3000P"],
  );
  const times = [0, 999, 12_000, 62_000, 3_600_000, 90_000_000];
  assert.deepEqual(times.map(shortTime), ["0s", "0s", "12s", "1m02s", "1h00m", "1d1h"]);
  assert.deepEqual([0.04, 9.96, 23, 1234].map(shortDelay), ["0.0ms", "10ms", "23ms", "1.2s"]);
  assert.deepEqual([shortNumber(Number.NaN), shortTime(Number.NaN), shortDelay(Number.NaN)], ["", "", ""]);
});

test("a number below 10^18 has four characters at most", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 9.9e17, noNaN: true }), (value) => shortNumber(value).length <= 4));
});
