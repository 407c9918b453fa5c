import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clipped, folded, padded, shown, textWidth } from "#src/core/terminal/text-width.js";

const RUNS = 40; // texts of all scripts take long to make
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.string()).map(shown);

test("a clipped text fits, and is the text itself where that fits", () => {
  fc.assert(
    fc.property(text, fc.nat(40), (whole, width) => {
      const cut = clipped(whole, width);
      assert.ok(textWidth(cut) <= width);
      if (textWidth(whole) <= width) assert.equal(cut, whole);
      else if (width > 0) assert.ok(cut.endsWith("…") && whole.startsWith(cut.slice(0, -1)));
    }),
    { numRuns: RUNS },
  );
});

test("folded lines fit, and hold every word of a text that has room", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4 }), (whole, width, most) => {
      const lines = folded(whole, width, most);
      assert.ok(lines.length >= 1 && lines.length <= most);
      for (const line of lines) assert.ok(textWidth(line) <= width, line);
    }),
    { numRuns: RUNS },
  );
  assert.deepEqual(folded("one two three", 7, 3), ["one two", "three"]);
  assert.deepEqual(folded("one two three", 5, 2), ["one", "two …"]);
  assert.deepEqual(folded("abcdefgh", 3, 9), ["abc", "def", "gh"]);
});

const widths: [string, number][] = [
  ["abc", 3],
  ["Küche", 5],
  ["e\u0301", 1],
  ["温度", 4],
  ["한국", 4],
  ["🔥", 2],
  ["\x1b[31m\u202e", 6],
];
for (const [raw, width] of widths) {
  test(`${JSON.stringify(raw)} takes ${width} columns`, () => assert.equal(textWidth(shown(raw)), width));
}

test("padding is on the other side of the alignment", () => {
  assert.deepEqual([padded("温", 4), padded("温", 4, "right"), padded("long", 2)], ["温  ", "  温", "long"]);
});
