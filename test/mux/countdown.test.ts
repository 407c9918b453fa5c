import assert from "node:assert/strict";
import { test } from "node:test";
import { Countdown } from "#src/mux/countdown.js";
import type { Clock } from "#src/system/clock.js";
import { ManualClock } from "../support/clock.js";

function setUp() {
  const clock = new ManualClock();
  const ends: number[] = [];
  const begin = clock.now();
  const countdown = new Countdown(clock, () => {
    assert.equal(countdown.running, false, "it may start again at once");
    ends.push(clock.now() - begin);
  });
  return { clock, countdown, ends };
}

test("it runs for its time", () => {
  const { clock, countdown, ends } = setUp();
  countdown.start(50);
  clock.advance(49);
  assert.equal(countdown.running, true);
  clock.advance(1);
  assert.deepEqual([countdown.running, ends], [false, [50]]);
});

test("a second start extends it", () => {
  const { clock, countdown, ends } = setUp();
  countdown.start(50);
  clock.advance(30);
  countdown.start(50);
  clock.advance(100);
  assert.deepEqual(ends, [80]);
});

test("0 ms is no wait, and leaves a running one alone", () => {
  const { clock, countdown, ends } = setUp();
  countdown.start(0);
  assert.deepEqual([countdown.running, clock.pending], [false, 0]);
  countdown.start(50);
  countdown.start(0);
  clock.advance(50);
  assert.deepEqual(ends, [50]);
});

test("a cancelled one never ends", () => {
  const { clock, countdown, ends } = setUp();
  countdown.start(50);
  countdown.cancel();
  clock.advance(100);
  assert.deepEqual([countdown.running, ends], [false, []]);
});

test("a wait is late while its time is over and its end has not been told", () => {
  let now = 0;
  let fire = (): void => {};
  const clock: Clock = {
    epochMs: () => now,
    now: () => now,
    after: (_ms, callback) => {
      fire = callback;
      return { cancel() {} };
    },
  };
  const countdown = new Countdown(clock, () => {});
  assert.equal(countdown.isLate, false);
  countdown.start(50);
  now = 49;
  assert.equal(countdown.isLate, false);
  now = 50;
  assert.equal(countdown.isLate, true);
  fire();
  assert.equal(countdown.isLate, false);
});
