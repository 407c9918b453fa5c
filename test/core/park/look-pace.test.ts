import assert from "node:assert/strict";
import { test } from "node:test";
import { LookPace } from "#src/core/park/look-pace.js";

test("a client that keeps up is looked at at once, one that takes nothing ever more rarely", () => {
  const pace = new LookPace(1000);
  const waits = [1000, 1002, 1100, 5000, 100_000].map((now) => pace.waitMs(true, now));
  assert.deepEqual(waits, [1, 1, 25, 1000, 2000]);
  pace.keepsUp(100_000);
  assert.equal(pace.waitMs(true, 100_003), 1);
});

test("where nothing waits, all clients are looked at at the same times", () => {
  for (const now of [1000, 1001, 1249]) assert.equal(now + new LookPace(now).waitMs(false, now), 1250);
});
