import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineCutter } from "#src/core/mqtt/line-cutter.js";

const MAX = 8;

test("lines are the same, however their bytes come; none is longer than the limit, and no byte of one is lost", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "b", "é"), maxLength: 12 });
  const end = fc.constantFrom("\n", "\r\n", "\r", "\n\n");
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), line, fc.array(fc.integer({ min: 1, max: 9 })), (lines, rest, sizes) => {
      const all = Buffer.from(lines.flat().join("") + rest);
      const cutter = new LineCutter(MAX);
      const said: Buffer[] = [];
      let at = 0;
      for (const size of [...sizes, all.length]) {
        said.push(...cutter.take(all.subarray(at, at + size)));
        at += size;
      }
      said.push(...cutter.rest());
      const wanted = [...lines.map(([text]) => text), rest].flatMap((text) => {
        const bytes = Buffer.from(text);
        return Array.from({ length: Math.ceil(bytes.length / MAX) }, (_, n) => bytes.subarray(n * MAX, (n + 1) * MAX));
      });
      assert.deepEqual(said.map(String), wanted.map(String));
      assert.deepEqual(cutter.rest(), []);
    }),
    { numRuns: 60 },
  );
});

test("what is lent is not kept", () => {
  const cutter = new LineCutter(MAX);
  const chunk = Buffer.from("temp=2");
  cutter.take(chunk);
  chunk.fill(0);
  assert.deepEqual(cutter.take(Buffer.from("1\r\n")).map(String), ["temp=21"]);
});
