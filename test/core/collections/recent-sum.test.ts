import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecentSum } from "#src/core/collections/recent-sum.js";

test("the rate is that of the last minute; of a shorter life, that of all of it", () => {
  const sum = new RecentSum(0);
  assert.equal(sum.perMs(0), 0);
  for (let ms = 0; ms < 10_000; ms += 500) sum.add(1, ms);
  assert.equal(sum.perMs(10_000) * 1000, 2);
  for (let ms = 10_000; ms < 200_000; ms += 100) sum.add(1, ms);
  assert.ok(Math.abs(sum.perMs(200_000) * 1000 - 10) < 0.01);
  assert.equal(sum.perMs(200_000 + 60_000), 0);
});

test("what has just begun counts as a second old: one request is no flood", () => {
  const sum = new RecentSum(0);
  sum.add(1, 1);
  assert.equal(sum.perMs(2) * 1000, 1);
});

test("a sum lies between those of the last 55 and the last 60 seconds, whatever was added when", () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(20_000), amount: fc.nat(100) }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.nat(70_000), (added, restMs) => {
      const sum = new RecentSum(0);
      let now = 60_000; // old enough for a whole window
      const all = added.map(({ afterMs, amount }) => {
        now += afterMs;
        sum.add(amount, now);
        return { at: now, amount };
      });
      now += restMs;
      const since = (ms: number): number =>
        all.filter(({ at }) => at > now - ms).reduce((total, { amount }) => total + amount, 0);
      const perMs = sum.perMs(now);
      assert.ok(perMs >= since(55_000) / 60_000 - 1e-9 && perMs <= since(60_001) / 55_000 + 1e-9);
    }),
  );
});

test("a span counts where it was: a long one leaves the window bit by bit", () => {
  const sum = new RecentSum(0);
  sum.addSpan(1, 60_000, 90_000);
  assert.ok(Math.abs(sum.perMs(90_000) - 0.5) < 0.05);
  assert.ok(Math.abs(sum.perMs(134_999) - 0.25) < 0.01);
  sum.addSpan(1, 200_000, 1_000_000);
  assert.ok(Math.abs(sum.perMs(1_000_000) - 1) < 0.001);
});

test("two sums are one: of the same window, since the older one began", () => {
  const [one, other] = [new RecentSum(0), new RecentSum(10_000)];
  for (let ms = 0; ms < 20_000; ms += 1000) one.add(1, ms);
  for (let ms = 10_000; ms < 20_000; ms += 1000) other.add(1, ms);
  other.addAll(one, 20_000);
  assert.equal(other.perMs(20_000) * 1000, 30 / 20);
});
