import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PendingReads } from "#src/core/direct/pending-reads.js";

test("a reply belongs to the read that was asked first", () => {
  const pending = new PendingReads();
  pending.sent("key", 0);
  pending.sent("key", 0);
  pending.sent("key", 1);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => pending.replied("key")),
    [undefined, undefined, 1, undefined],
  );
});

test("an unsolicited reply belongs to no read", () => {
  const pending = new PendingReads();
  pending.sent("key", 0);
  assert.equal(pending.replied("other"), undefined);
  assert.equal(pending.replied("key"), 0);
  assert.equal(pending.replied("key"), undefined);
});

test("a module that has not answered for long counts again after some replies", () => {
  const pending = new PendingReads();
  for (let n = 0; n < 10_000; n += 1) pending.sent("key", 0);
  pending.sent("key", 1);
  for (let n = 0; n < 100; n += 1) assert.equal(pending.replied("key"), undefined);
  assert.equal(pending.replied("key"), 1);
});

test("at most a thousand unanswered reads are remembered", () => {
  const pending = new PendingReads();
  for (let n = 0; n <= 1000; n += 1) pending.sent(`key ${n}`, 0);
  assert.equal(pending.replied("key 0"), undefined);
  assert.equal(pending.replied("key 1"), 0);
});

test("law: no reply is matched to a read that came after its own", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), key: fc.constantFrom("a", "b") }),
    fc.record({ kind: fc.constant("reply" as const), key: fc.constantFrom("a", "b") }),
    fc.record({ kind: fc.constant("write" as const), key: fc.constant("") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pending = new PendingReads();
      const model: Record<string, number[]> = { a: [], b: [] };
      let generation = 0;
      for (const { kind, key } of steps) {
        if (kind === "write") generation += 1;
        else if (kind === "ask") {
          pending.sent(key, generation);
          model[key]?.push(generation);
        } else {
          const right = model[key]?.shift();
          const found = pending.replied(key);
          if (right === generation)
            assert.equal(found, generation, "the answer to a read since the last write can be kept");
          else assert.notEqual(found, generation, "one from before it cannot");
        }
      }
    }),
    { numRuns: 1000 },
  );
});
