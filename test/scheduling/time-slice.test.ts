import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { queueJob } from "#src/scheduling/round-robin.js";
import { TimeSlice } from "#src/scheduling/time-slice.js";
import { keepBusy } from "../support/cpu.js";
import { until } from "../support/wait.js";

test("the free steps of a slice do not look at the clock", () => {
  const slice = new TimeSlice(() => {}, 16);
  for (let step = 1; step < 16; step += 1) {
    keepBusy(1);
    assert.equal(slice.takeStep(), true, `step ${step}`);
  }
});

test("a slice is used up when its time is over, and another one begins in the next pass of the event loop", async () => {
  const slice = new TimeSlice(() => {});
  assert.equal(slice.takeStep(), true, "the first step begins it");
  keepBusy(10);
  assert.equal(slice.takeStep(), false);
  await nextPass();
  await nextPass();
  assert.equal(slice.takeStep(), true);
});

test("work that yields is resumed once, in a later pass, and takes no step until then", async () => {
  let resumed = 0;
  const slice = new TimeSlice(() => {
    resumed += 1;
  });
  slice.yield();
  slice.yield();
  assert.equal(slice.takeStep(), false);
  assert.equal(slice.yielding, true);
  assert.equal(resumed, 0);
  await until(() => resumed > 0, "the rest");
  await nextPass();
  assert.equal(resumed, 1);
  assert.equal(slice.yielding, false);
});

test("resumed work can take a step, whatever runs before it in that pass", async () => {
  const steps: boolean[] = [];
  const slice = new TimeSlice(() => steps.push(slice.takeStep()));
  queueJob(() => {}); // the jobs of the next pass are scheduled before the slice begins to count passes
  slice.takeStep();
  keepBusy(5);
  slice.yield();
  await until(() => steps.length > 0, "the rest");
  assert.deepEqual(steps, [true]);
});

test("two slices in one pass have a time each", () => {
  const [one, other] = [new TimeSlice(() => {}), new TimeSlice(() => {})];
  assert.equal(one.takeStep(), true);
  keepBusy(10);
  assert.equal(one.takeStep(), false);
  assert.equal(other.takeStep(), true);
});
