import assert from "node:assert/strict";
import { test } from "node:test";
import { timeOfDay } from "#src/log/time-of-day.js";

const at = (hours: number, minutes: number, seconds: number, ms: number): number =>
  new Date(2021, 5, 1, hours, minutes, seconds, ms).getTime();

test("local time, two digits each, milliseconds behind a comma", () => {
  assert.equal(timeOfDay(at(14, 32, 15, 123)), "14:32:15,123");
  assert.equal(timeOfDay(at(4, 2, 5, 7)), "04:02:05,007");
  assert.equal(timeOfDay(at(4, 2, 5, 7) + 0.9), "04:02:05,007");
});

test("each second has its own text, forwards and backwards", () => {
  assert.equal(timeOfDay(at(23, 59, 59, 999)), "23:59:59,999");
  assert.equal(timeOfDay(at(23, 59, 59, 999) + 1), "00:00:00,000");
  assert.equal(timeOfDay(at(23, 59, 59, 998)), "23:59:59,998");
});
