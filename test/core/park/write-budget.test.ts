import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CERTAIN_ROOM, WriteBudget } from "#src/core/park/write-budget.js";

test("between two looks a client gets no more than its kernel takes for certain", () => {
  const step = fc.record({ read: fc.nat(80_000), write: fc.nat(80_000), during: fc.nat(5000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const budget = new WriteBudget();
      let unread = 0;
      const write = (wanted: number): number => {
        const bytes = Math.min(wanted, budget.left);
        budget.written(bytes);
        unread += bytes;
        assert.ok(unread <= CERTAIN_ROOM);
        return bytes;
      };
      for (const { read, write: wanted, during } of steps) {
        write(wanted);
        unread -= Math.min(unread, read);
        const seen = unread; // the row is read first, and then more is written
        budget.looked(seen, write(during));
      }
    }),
    { numRuns: 100 },
  );
});

test("a client that reads everything gets a full budget at each look", () => {
  const budget = new WriteBudget();
  assert.equal(budget.isLow, false);
  budget.written(CERTAIN_ROOM);
  assert.deepEqual([budget.left, budget.isLow], [0, true]);
  budget.looked(CERTAIN_ROOM, 0);
  assert.equal(budget.left, 0, "it has read nothing");
  budget.looked(0, 0);
  assert.equal(budget.left, CERTAIN_ROOM);
  budget.unlimited();
  budget.written(1e9);
  assert.equal(budget.left, Number.POSITIVE_INFINITY, "nobody can tell");
});
