import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Heap, type Ranked } from "#src/core/collections/heap.js";

test("the first item always has the lowest rank", () => {
  const operations = fc.array(fc.record({ add: fc.boolean(), which: fc.nat(40) }), { maxLength: 150 });
  fc.assert(
    fc.property(operations, (all) => {
      const items: Ranked[] = Array.from({ length: 41 }, (_, which) => ({ rank: (which * 17) % 23, index: -1 }));
      const heap = new Heap<Ranked>();
      const model = new Set<Ranked>();
      for (const { add, which } of all) {
        const item = items[which] as Ranked;
        assert.equal(heap.has(item), model.has(item));
        if (add && !model.has(item)) heap.add(item);
        if (!add) heap.remove(item);
        if (add) model.add(item);
        else model.delete(item);
        const lowest = model.size === 0 ? undefined : Math.min(...[...model].map(({ rank }) => rank));
        assert.deepEqual([heap.size, heap.first?.rank], [model.size, lowest]);
        assert.ok(heap.first === undefined || model.has(heap.first));
      }
    }),
  );
});
