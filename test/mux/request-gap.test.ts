import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestGap } from "#src/mux/request-gap.js";
import { ManualClock } from "../support/clock.js";

function setUp() {
  const clock = new ManualClock();
  const ends: number[] = [];
  const begin = clock.now();
  const gap = new RequestGap(clock, () => {
    assert.equal(gap.running, false, "a request may go out at once");
    ends.push(clock.now() - begin);
  });
  return { clock, gap, ends };
}

test("the gap runs for its time", () => {
  const { clock, gap, ends } = setUp();
  gap.start(50);
  clock.advance(49);
  assert.equal(gap.running, true);
  clock.advance(1);
  assert.deepEqual([gap.running, ends], [false, [50]]);
});

test("a second request extends the gap", () => {
  const { clock, gap, ends } = setUp();
  gap.start(50);
  clock.advance(30);
  gap.start(50);
  clock.advance(100);
  assert.deepEqual(ends, [80]);
});

test("GAPM=0 is no gap, and leaves a running one alone", () => {
  const { clock, gap, ends } = setUp();
  gap.start(0);
  assert.deepEqual([gap.running, clock.pending], [false, 0]);
  gap.start(50);
  gap.start(0);
  clock.advance(50);
  assert.deepEqual(ends, [50]);
});

test("a cancelled gap never ends", () => {
  const { clock, gap, ends } = setUp();
  gap.start(50);
  gap.cancel();
  clock.advance(100);
  assert.deepEqual([gap.running, ends], [false, []]);
});
