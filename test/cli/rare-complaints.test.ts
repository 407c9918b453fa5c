import assert from "node:assert/strict";
import { test } from "node:test";
import { rareComplaints } from "#src/cli/rare-complaints.js";
import { ManualClock } from "../support/clock.js";

test("a thousand gaps a second are one line a second, and none is lost", () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const over = new AbortController();
  const missing = rareComplaints(
    (text) => said.push(text),
    over.signal,
    (count) => `${count} are missing`,
    clock,
  );
  for (let second = 0; second < 3; second += 1) {
    for (let gap = 0; gap < 1000; gap += 1) missing(2);
    clock.advance(1000);
  }
  assert.deepEqual(said, ["2 are missing", "1998 are missing", "2000 are missing", "2000 are missing"]);
  clock.advance(10_000);
  missing(1);
  missing(1);
  over.abort();
  assert.deepEqual(said.slice(4), ["1 are missing", "1 are missing"]);
  clock.advance(10_000);
  assert.equal(said.length, 6);
});
