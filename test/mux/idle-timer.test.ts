import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleTimer } from "#src/mux/idle-timer.js";
import { ManualClock } from "../support/clock.js";

test("the time begins when the last client leaves, and anew each time", () => {
  const clock = new ManualClock();
  let calls = 0;
  const timer = new IdleTimer(() => {
    calls += 1;
  });
  timer.start(1000, clock);
  clock.advance(900);
  timer.start(1000, clock);
  clock.advance(999);
  assert.equal(calls, 0);
  clock.advance(1);
  assert.equal(calls, 1);
  assert.equal(clock.pending, 0);
});

test("a client in time cancels it", () => {
  const clock = new ManualClock();
  const timer = new IdleTimer(() => assert.fail("there is a client"));
  timer.start(1000, clock);
  timer.cancel();
  timer.cancel();
  clock.advance(5000);
});
