import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "#src/core/collections/tally.js";

test("each key is counted apart, never below zero", () => {
  const tally = new Tally<string>();
  tally.add("a");
  tally.add("a");
  tally.add("b");
  tally.remove("a");
  tally.remove("b");
  tally.remove("b");
  assert.deepEqual(
    ["a", "b", "c"].map((key) => tally.of(key)),
    [1, 0, 0],
  );
});
