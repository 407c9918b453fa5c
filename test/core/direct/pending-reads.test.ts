import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PendingReads } from "#src/core/direct/pending-reads.js";

test("a reply belongs to the read that was asked first", () => {
  const asked = new PendingReads();
  asked.ask("key", 0);
  asked.ask("key", 0);
  asked.ask("key", 1);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => asked.reply("key")),
    [undefined, undefined, 1, undefined],
  );
});

test("an unsolicited reply belongs to no read", () => {
  const asked = new PendingReads();
  asked.ask("key", 0);
  assert.equal(asked.reply("other"), undefined);
  assert.equal(asked.reply("key"), 0);
  assert.equal(asked.reply("key"), undefined);
});

test("a module that has not answered for long counts again after some replies", () => {
  const asked = new PendingReads();
  for (let n = 0; n < 10_000; n += 1) asked.ask("key", 0);
  asked.ask("key", 1);
  for (let n = 0; n < 100; n += 1) assert.equal(asked.reply("key"), undefined);
  assert.equal(asked.reply("key"), 1);
});

test("at most a thousand unanswered reads are remembered", () => {
  const asked = new PendingReads();
  for (let n = 0; n <= 1000; n += 1) asked.ask(`key ${n}`, 0);
  assert.equal(asked.reply("key 0"), undefined);
  assert.equal(asked.reply("key 1"), 0);
});

test("law: no reply is matched to a read that came after its own", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), key: fc.constantFrom("a", "b") }),
    fc.record({ kind: fc.constant("reply" as const), key: fc.constantFrom("a", "b") }),
    fc.record({ kind: fc.constant("write" as const), key: fc.constant("") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const asked = new PendingReads();
      const model: Record<string, number[]> = { a: [], b: [] };
      let writes = 0;
      for (const { kind, key } of steps) {
        if (kind === "write") writes += 1;
        else if (kind === "ask") {
          asked.ask(key, writes);
          model[key]?.push(writes);
        } else {
          const right = model[key]?.shift();
          const found = asked.reply(key);
          if (right === writes) assert.equal(found, writes, "the answer to a read since the last write can be kept");
          else assert.notEqual(found, writes, "one from before it cannot");
        }
      }
    }),
    { numRuns: 1000 },
  );
});
