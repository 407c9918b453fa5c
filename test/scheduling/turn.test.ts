import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { Turn } from "#src/scheduling/turn.js";
import { keepBusy } from "../support/cpu.js";

test("a turn of small steps is not over, however many questions it takes to see that", () => {
  const turn = new Turn(() => {}, 16);
  for (let step = 1; step < 16; step += 1) {
    keepBusy(1);
    assert.equal(turn.over, false, `step ${step}`);
  }
});

test("a turn is over when its time is up, and another one begins in the next pass of the event loop", async () => {
  const turn = new Turn(() => {}, 1);
  assert.equal(turn.over, false, "the first question begins it");
  keepBusy(10);
  assert.equal(turn.over, true);
  await nextPass();
  await nextPass();
  assert.equal(turn.over, false);
});

test("the rest is done in the next pass, once, and the turn is over until then", async () => {
  let went = 0;
  const turn = new Turn(() => {
    went += 1;
  });
  turn.next();
  turn.next();
  assert.equal(turn.over, true);
  assert.equal(turn.waiting, true);
  await nextPass();
  await nextPass();
  assert.equal(went, 1);
  assert.equal(turn.waiting, false);
});

test("turns of several peers in one pass have a time each", () => {
  const [one, other] = [new Turn(() => {}, 1), new Turn(() => {}, 1)];
  assert.equal(one.over, false);
  keepBusy(10);
  assert.equal(one.over, true);
  assert.equal(other.over, false);
});
