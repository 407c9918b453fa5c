import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SentBytes } from "#src/core/park/sent-bytes.js";

test("what is dropped and what is taken is the stream, whatever the pieces are", () => {
  const step = fc.oneof(
    fc.record({ push: fc.uint8Array({ maxLength: 9000 }) }),
    fc.record({ drop: fc.integer({ min: -5, max: 12_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const sent = new SentBytes();
      const all: Buffer[] = [];
      let from = 0;
      for (const each of steps) {
        if ("push" in each) {
          const lent = Buffer.from(each.push);
          sent.push(lent);
          all.push(Buffer.from(lent));
          lent.fill(0);
        } else {
          const length = all.reduce((sum, piece) => sum + piece.length, 0);
          const to = from + each.drop;
          sent.dropUpTo(to);
          from = Math.max(from, Math.min(to, length));
        }
        assert.equal(sent.from, from);
        assert.equal(
          sent.from + sent.size,
          all.reduce((sum, piece) => sum + piece.length, 0),
        );
      }
      assert.ok(sent.takeAll().equals(Buffer.concat(all).subarray(from)));
      assert.equal(sent.size, 0);
    }),
    { numRuns: 60 },
  );
});
