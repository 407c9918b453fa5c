import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flowed, type Line, lineText, span } from "#src/core/terminal/screen.js";
import { type Column, type Table, tableLines } from "#src/core/terminal/table.js";
import { textWidth } from "#src/core/terminal/text-width.js";

function texts(lines: readonly Line[]): string[] {
  return lines.map((line) => lineText(line));
}

const TABLE: Table = {
  columns: [
    { title: "name", min: 6 },
    { title: "bytes", align: "right", spare: 1 },
    { title: "notes", spare: 2 },
    { title: "to", min: 4 },
  ],
  rows: [
    ["a-long-name", "7", "", "hub:80"],
    ["b", "1234", "", "c"],
  ].map((row) => row.map((text) => span(text))),
};

test("a column without a value is left out", () => {
  assert.deepEqual(texts(tableLines(TABLE, 80)), [
    "name         bytes  to",
    "a-long-name      7  hub:80",
    "b             1234  c",
  ]);
});

test("columns become narrower first, then spare ones go, then nothing is sacred", () => {
  assert.deepEqual(texts(tableLines(TABLE, 23)), [
    "name      bytes  to",
    "a-long-…      7  hub:80",
    "b          1234  c",
  ]);
  assert.deepEqual(texts(tableLines(TABLE, 14)), ["name  to     …", "a-l…  hub:…", "b     c"]);
  assert.deepEqual(texts(tableLines(TABLE, 8)), ["na…  to", "a-…  hu…", "b    c"]);
  assert.deepEqual(texts(tableLines(TABLE, 0)), ["", "", ""]);
});

const word = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.string({ maxLength: 300 }));
const column: fc.Arbitrary<Column> = fc
  .record({ title: fc.string(), min: fc.option(fc.nat(30)), spare: fc.option(fc.nat(5)), right: fc.boolean() })
  .map(({ title, min, spare, right }) => ({
    title,
    ...(min !== null && { min }),
    ...(spare !== null && { spare }),
    ...(right && { align: "right" as const }),
  }));
const table = fc.array(column, { maxLength: 8 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(
      fc.array(
        word.map((text) => span(text)),
        { maxLength: columns.length },
      ),
      { maxLength: 5 },
    ),
  }),
);

test("no line of a table is wider than the terminal", () => {
  fc.assert(
    fc.property(table, fc.nat(120), (one, width) => {
      for (const line of texts(tableLines(one, width))) assert.ok(textWidth(line) <= width, line);
    }),
    { numRuns: 40 },
  );
});

test("pieces side by side fit, too", () => {
  fc.assert(
    fc.property(fc.array(word), fc.nat(60), (words, width) => {
      const spans = words.map((text) => span(text));
      for (const line of texts(flowed(spans, width))) assert.ok(textWidth(line) <= width, line);
    }),
    { numRuns: 40 },
  );
  assert.deepEqual(texts(flowed([span("one"), span("two"), span("three")], 8)), ["one  two", "three"]);
});
