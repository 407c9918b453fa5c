import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Queue } from "#src/core/collections/queue.js";
import { leastCpuMilliseconds } from "../../support/cpu.js";
import { heapInUse } from "../../support/heap.js";

test("first come, first served, whichever item leaves before its turn", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("push" as const, "delete" as const), of: fc.nat(20) }),
    fc.constant({ kind: "take" as const, of: 0 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      for (const { kind, of } of steps) {
        if (kind === "take") assert.equal(queue.take(), model.shift());
        else if (kind === "push") {
          queue.push(of);
          if (!model.includes(of)) model.push(of);
        } else {
          const at = model.indexOf(of);
          assert.equal(queue.delete(of), at >= 0);
          if (at >= 0) model.splice(at, 1);
        }
        assert.deepEqual([...queue], model);
        assert.equal(queue.size, model.length);
      }
    }),
  );
});

/** Fills a queue, takes half of it one by one, and deletes the rest. */
function fillAndEmpty(count: number): void {
  const queue = new Queue<number>();
  for (let n = 0; n < count; n += 1) queue.push(n);
  for (let n = 0; n < count / 2; n += 1) queue.take();
  for (let n = count / 2; n < count; n += 1) queue.delete(n);
}

test("a queue twenty times as long takes about twenty times as long", () => {
  fillAndEmpty(10_000); // compiled
  const short = leastCpuMilliseconds(() => fillAndEmpty(10_000));
  const long = leastCpuMilliseconds(() => fillAndEmpty(200_000));
  assert.ok(long < 100 * Math.max(short, 2), `${short} ms for 10,000, ${long} ms for 200,000`);
});

test("a deleted item is not kept in memory, even if the first item stays", async () => {
  const queue = new Queue<object>();
  queue.push({});
  const gone = Array.from({ length: 1000 }, () => {
    const member = {};
    queue.push(member);
    queue.delete(member);
    return new WeakRef(member);
  });
  await heapInUse();
  assert.equal(gone.filter((member) => member.deref() !== undefined).length, 0);
  assert.equal(queue.size, 1);
});
