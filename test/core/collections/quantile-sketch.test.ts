import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { QuantileSketch } from "#src/core/collections/quantile-sketch.js";

const SHARES = [0, 0.5, 0.9, 0.99, 1];

test("each quantile lies within 5 % of the true one", () => {
  const durations = fc.array(fc.double({ min: 0.1, max: 1_000_000, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, (all) => {
      const sketch = new QuantileSketch(0);
      for (const ms of all) sketch.add(ms, 0);
      const sorted = [...all].sort((one, other) => one - other);
      for (const [index, estimate] of (sketch.quantiles(SHARES, 0) ?? []).entries()) {
        const rank = Math.max(1, Math.ceil((SHARES[index] ?? 0) * all.length));
        const exact = sorted[rank - 1] ?? Number.NaN;
        assert.ok(Math.abs(estimate - exact) <= 0.0501 * exact, `${SHARES[index]}: ${estimate} for ${exact}`);
      }
    }),
  );
});

test("nothing, 0 and durations beyond all bounds are told, too", () => {
  const sketch = new QuantileSketch(0);
  assert.equal(sketch.quantiles([0.5], 0), undefined);
  sketch.add(0, 0);
  assert.deepEqual(sketch.quantiles([0.5], 0), [0.1]);
  sketch.add(1e12, 0);
  const [, longest = 0] = sketch.quantiles([0.5, 1], 0) ?? [];
  assert.ok(longest > 1_000_000 && longest < 2_000_000);
});

test("durations are forgotten after five to ten minutes", () => {
  const sketch = new QuantileSketch(0);
  sketch.add(10, 0);
  sketch.add(1000, 300_000);
  const [least = 0, most = 0] = sketch.quantiles([0, 1], 599_999) ?? [];
  assert.ok(least < 11 && most > 900);
  assert.ok((sketch.quantiles([0], 600_000)?.[0] ?? 0) > 900);
  assert.equal(sketch.quantiles([0], 1_200_000), undefined);
});
