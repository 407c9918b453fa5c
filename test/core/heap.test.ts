import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Heap } from "#src/core/heap.js";

test("the first is always the one of the lowest rank", () => {
  const operations = fc.array(fc.record({ add: fc.boolean(), rank: fc.integer({ min: -30, max: 30 }) }), {
    maxLength: 100,
  });
  fc.assert(
    fc.property(operations, (all) => {
      const heap = new Heap<number>((rank) => rank);
      const model = new Set<number>();
      for (const { add, rank } of all) {
        if (add) heap.add(rank);
        else heap.remove(rank);
        if (add) model.add(rank);
        else model.delete(rank);
        assert.deepEqual([heap.size, heap.first], [model.size, model.size === 0 ? undefined : Math.min(...model)]);
      }
    }),
  );
});
