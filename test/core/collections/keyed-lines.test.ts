import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyedLines } from "#src/core/collections/keyed-lines.js";

interface Line {
  readonly port: number;
  readonly comment: string;
}

function setUp() {
  const made: string[] = [];
  const lines = new KeyedLines<Line, { readonly madeFor: string }>(
    ({ port }) => `port ${port}`,
    ({ comment }, key) => {
      made.push(`${key}: ${comment}`);
      return { madeFor: comment };
    },
  );
  return { lines, made };
}

const line = (port: number, comment: string): Line => ({ port, comment });

test("an item outlives a reload that keeps its key, whatever else its line says", () => {
  const { lines, made } = setUp();
  assert.equal(lines.replace([line(1, "a"), line(2, "b")]).size, 0);
  const first = lines.of(line(1, "a"));
  lines.replace([line(2, "b"), line(1, "changed")]);
  assert.equal(lines.of(line(1, "again")), first);
  assert.deepEqual(made, ["port 1: a", "port 2: b"]);
  assert.deepEqual(
    lines.all.map(({ madeFor }) => madeFor),
    ["b", "a"],
    "in the order of the lines",
  );
});

test("a reload hands out the items whose lines are gone, once", () => {
  const { lines, made } = setUp();
  lines.replace([line(1, "a"), line(2, "b")]);
  const gone = lines.replace([line(2, "b")]);
  assert.deepEqual([...gone], [["port 1", { madeFor: "a" }]]);
  assert.equal(lines.replace([line(2, "b")]).size, 0);
  lines.replace([line(1, "anew")]);
  assert.deepEqual(made, ["port 1: a", "port 2: b", "port 1: anew"]);
});

test("an item that is asked for before its reload is complete is the item that the reload keeps", () => {
  const { lines, made } = setUp();
  lines.replace([line(1, "a")]);
  const early = lines.of(line(2, "early"));
  assert.equal(lines.replace([line(1, "a"), line(2, "b")]).size, 0);
  assert.equal(lines.of(line(2, "b")), early);
  assert.deepEqual(made, ["port 1: a", "port 2: early"]);
});

test("an item of a reload that never came is handed out by the next one", () => {
  const { lines } = setUp();
  lines.of(line(9, "rejected"));
  assert.deepEqual([...lines.replace([]).keys()], ["port 9"]);
});
