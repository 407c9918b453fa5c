import assert from "node:assert/strict";
import { test } from "node:test";
import { changeBetween, type Quantity, together } from "#src/core/web/history/quantity.js";

const rate = (total: number): Quantity => ({ kind: "rate", total });
const mean = (sum: number, count: number): Quantity => ({ kind: "mean", sum, count });

const changes: [string, Quantity | undefined, Quantity, ReturnType<typeof changeBetween>][] = [
  ["a counter", rate(10), rate(35), { amount: 25, per: 5 }],
  ["a counter that was not there", undefined, rate(35), { amount: 35, per: 5 }],
  ["a counter that has begun anew", rate(35), rate(10), { amount: 10, per: 5 }],
  ["a mean", mean(100, 10), mean(160, 12), { amount: 60, per: 2 }],
  ["a mean of nothing", mean(100, 10), mean(100, 10), { amount: 0, per: 0 }],
  ["a mean that was not there", undefined, mean(100, 10), { amount: 100, per: 10 }],
  ["a mean that has begun anew", mean(100, 10), mean(12, 3), { amount: 12, per: 3 }],
  ["a mean whose sum was rounded down", mean(100.4, 10), mean(100, 11), { amount: 0, per: 1 }],
  ["a level", undefined, { kind: "level", value: 7 }, { amount: 7, per: 1 }],
];
for (const [name, former, current, change] of changes) {
  test(`${name}, 5 s later`, () => assert.deepEqual(changeBetween(former, current, 5), change));
}

test("rates add up, and a mean is that of all", () => {
  const [one, other] = [
    { amount: 25, per: 5 },
    { amount: 5, per: 5 },
  ];
  assert.deepEqual(together(one, other, "rate"), { amount: 30, per: 5 });
  assert.deepEqual(together(one, other, "level"), { amount: 30, per: 5 });
  assert.deepEqual(together(one, other, "mean"), { amount: 30, per: 10 });
});
