import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LINE_ENDS, type LineEnd, lineFraming } from "#src/core/framing/echo-framing.js";
import { cutAt, pieces } from "./run.js";

for (const [name, end] of Object.entries(LINE_ENDS)) {
  const kind = lineFraming(name as LineEnd);

  test(`lines that end with ${name}: each is a frame with its end, in whatever chunks they come`, () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\r", "\n", "\0"), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 20 }), (input, at) => {
        const [rest = "", ...lines] = input.split(end).reverse();
        const expected = [
          ...lines.reverse().map((line) => ["frame", line + end]),
          ...(rest === "" ? [] : [["junk", rest]]),
        ];
        const bytes = Buffer.from(input, "latin1");
        for (const chunks of [[bytes], cutAt(bytes, at), [...bytes].map((byte) => Buffer.of(byte))]) {
          const found = pieces(kind.answers(), chunks, kind.maxHeld).map((cut) => [cut.kind, cut.bytes]);
          assert.deepEqual(found, expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`lines that end with ${name}: one that is too long is junk, and the next one a line`, () => {
    const long = Buffer.alloc(65_536, "x");
    const stream = Buffer.concat([long, Buffer.from(`${end}next${end}`)]);
    for (const chunks of [[stream], cutAt(stream, [65_536, 65_537])]) {
      const found = pieces(kind.requests(), chunks, kind.maxHeld).map((cut) => [cut.kind, cut.bytes.length]);
      assert.deepEqual(found, [
        ["junk", 65_536 + end.length],
        ["frame", 4 + end.length],
      ]);
    }
  });
}
