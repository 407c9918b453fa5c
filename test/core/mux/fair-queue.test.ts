import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairQueue } from "#src/core/mux/fair-queue.js";

const any = (): boolean => true;

function drain<I>(queue: FairQueue<string, I>): string[] {
  const out: string[] = [];
  for (;;) {
    const next = queue.take(any);
    if (next === undefined) return out;
    out.push(`${next.owner}${next.item}`);
  }
}

test("one with many items lets the others go between", () => {
  const queue = new FairQueue<string, number>();
  for (const n of [1, 2, 3, 4]) queue.push("a", n);
  queue.push("b", 1);
  queue.push("c", 1);
  queue.push("b", 2);
  assert.deepEqual(drain(queue), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

test("an owner that may not go now keeps its place", () => {
  const queue = new FairQueue<string, number>();
  queue.push("a", 1);
  queue.push("b", 1);
  queue.push("b", 2);
  assert.deepEqual(
    queue.take((owner) => owner === "b"),
    { owner: "b", item: 1 },
  );
  assert.deepEqual(drain(queue), ["a1", "b2"]);
});

test("what is put back is the first of all, and of its owner", () => {
  const queue = new FairQueue<string, number>();
  queue.push("a", 1);
  queue.push("b", 2);
  queue.putBack("b", 1);
  assert.equal(queue.size, 3);
  assert.deepEqual(drain(queue), ["b1", "a1", "b2"]);
});

test("items are changed where they stand, and given up with their owner", () => {
  const queue = new FairQueue<string, number>();
  queue.push("a", 1);
  queue.push("b", 1);
  queue.push("a", 2);
  queue.change((item) => item * 10);
  assert.deepEqual(queue.remove("b"), [10]);
  assert.equal(queue.size, 2);
  assert.equal(queue.sizeOf("b"), 0);
  assert.deepEqual(drain(queue), ["a10", "a20"]);
});

test("whatever is pushed comes out once, each owner's items in their order, nobody twice while another waits", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 }), (owners) => {
      const queue = new FairQueue<string, number>();
      for (const [index, owner] of owners.entries()) queue.push(owner, index);
      assert.equal(queue.size, owners.length);
      const waits = new Map<string, number>();
      for (const owner of owners) waits.set(owner, (waits.get(owner) ?? 0) + 1);
      const taken: { owner: string; item: number }[] = [];
      const passedOver = new Map<string, number>();
      for (let next = queue.take(any); next !== undefined; next = queue.take(any)) {
        const last = taken.filter(({ owner }) => owner === next?.owner).at(-1);
        assert.ok(last === undefined || last.item < next.item, "an owner's items keep their order");
        taken.push(next);
        passedOver.delete(next.owner);
        waits.set(next.owner, (waits.get(next.owner) ?? 0) - 1);
        for (const [owner, count] of waits) {
          if (owner === next.owner || count === 0) continue;
          passedOver.set(owner, (passedOver.get(owner) ?? 0) + 1);
          assert.ok((passedOver.get(owner) ?? 0) < 4, "each of the others goes once at most before it is one's turn");
        }
      }
      assert.deepEqual(
        taken.map(({ item }) => item).sort((one, two) => one - two),
        owners.map((_, index) => index),
      );
    }),
  );
});
