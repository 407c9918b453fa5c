import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "#src/core/status/histogram.js";

test("each duration is counted once, in its class", () => {
  const histogram = new Histogram();
  for (const ms of [0, 1, 1.1, 5, 6, 5000, 5001]) histogram.add(ms);
  const { count, maxMs, classes } = histogram.status;
  assert.deepEqual([count, maxMs], [7, 5001]);
  assert.deepEqual(
    classes.filter((each) => each.count > 0).map((each) => [each.upToMs, each.count]),
    [
      [1, 2],
      [2, 1],
      [5, 1],
      [10, 1],
      [5000, 1],
      [null, 1],
    ],
  );
});

test("the classes hold all durations, and their sum", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 })), (times) => {
      const histogram = new Histogram();
      for (const ms of times) histogram.add(ms);
      const { count, sumMs, classes } = histogram.status;
      assert.equal(count, times.length);
      assert.equal(
        classes.reduce((sum, each) => sum + each.count, 0),
        times.length,
      );
      assert.equal(
        sumMs,
        times.reduce((sum, ms) => sum + ms, 0),
      );
    }),
  );
});
