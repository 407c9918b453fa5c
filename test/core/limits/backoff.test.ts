import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs } from "#src/core/limits/backoff.js";

const rules = { firstMs: 500, maxMs: 30_000 };

test("the wait doubles from the first to the longest", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempt) => backoffMs(rules, attempt, 0));
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test("jitter changes every wait and keeps it between the first and the longest", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const wait = backoffMs(rules, attempt, random);
        assert.ok(wait >= 500 && wait <= 30_000);
        assert.notEqual(wait, backoffMs(rules, attempt, (random + 0.5) % 1));
      },
    ),
  );
});
