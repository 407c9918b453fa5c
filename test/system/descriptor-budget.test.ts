import assert from "node:assert/strict";
import { test } from "node:test";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";

test("leases are refused when the budget is used up, and granted again when one is released", () => {
  const budget = new DescriptorBudget(6); // half of so small a limit is the daemon's own
  const leases = [budget.take(), budget.take(), budget.take()];
  assert.ok(leases.every((lease) => lease !== undefined));
  assert.deepEqual([budget.used, budget.hasRoom, budget.take()], [3, false, undefined]);
  leases[1]?.release();
  assert.deepEqual([budget.used, budget.hasRoom], [2, true]);
  assert.ok(budget.take());
  assert.equal(budget.take(), undefined);
});

test("a lease that is released twice gives back one descriptor", () => {
  const budget = new DescriptorBudget(6);
  const [first] = [budget.take(), budget.take()];
  first?.release();
  first?.release();
  assert.equal(budget.used, 1);
});

test("a reserved lease is granted when none is left, and counts", () => {
  const budget = new DescriptorBudget(2);
  budget.take();
  const reserved = budget.takeReserved();
  assert.deepEqual([budget.used, budget.take()], [2, undefined]);
  reserved.release();
  assert.equal(budget.take(), undefined, "what was taken beyond the budget makes no room");
  assert.equal(budget.used, 1);
});

test("where the system tells no limit there is none", () => {
  const budget = new DescriptorBudget(undefined);
  for (let count = 0; count < 100_000; count += 1) budget.take();
  assert.deepEqual([budget.limit, budget.used, budget.hasRoom], [undefined, 100_000, true]);
});
