import assert from "node:assert/strict";
import { test } from "node:test";
import { Alarm } from "#src/mux/alarm.js";
import { ManualClock } from "../support/clock.js";

function setUp() {
  const clock = new ManualClock();
  const begin = clock.now();
  const told: string[] = [];
  const waits = new Set<{ dueAt: number; due(): void }>();
  const alarm = new Alarm(clock, () => waits);
  const wait = (name: string, ms: number) => {
    const one = {
      dueAt: clock.now() + ms,
      due() {
        one.dueAt = Number.POSITIVE_INFINITY;
        told.push(`${name} at ${clock.now() - begin}`);
      },
    };
    waits.add(one);
    alarm.set(one.dueAt, clock.now());
    return one;
  };
  return { clock, told, waits, alarm, wait };
}

test("each wait ends when it is due, in whatever order they begin, and one timer serves all", () => {
  const { clock, told, wait } = setUp();
  wait("a", 1000);
  wait("b", 300);
  wait("c", 1000);
  assert.equal(clock.pending, 1);
  clock.advance(5000);
  assert.deepEqual(told, ["b at 300", "a at 1000", "c at 1000"]);
  assert.equal(clock.pending, 0);
});

test("waits that are over early cost no timer: a thousand of them leave the first one as it is", () => {
  const { clock, told, waits, wait } = setUp();
  let started = 0;
  const { after } = clock;
  clock.after = (ms, callback) => {
    started += 1;
    return after.call(clock, ms, callback);
  };
  for (let count = 0; count < 1000; count += 1) {
    waits.delete(wait("early", 1000));
    clock.advance(1);
  }
  assert.deepEqual([told, started <= 2], [[], true]);
  wait("late", 1000);
  clock.advance(999);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["late at 2000"]);
});

test("a wait that begins anew while it ends is due again; after cancel none is", () => {
  const { clock, told, alarm, wait } = setUp();
  const again = wait("again", 100);
  const { due } = again;
  again.due = () => {
    due();
    again.dueAt = clock.now() + 50;
    alarm.set(again.dueAt, clock.now());
  };
  clock.advance(150);
  assert.deepEqual(told, ["again at 100", "again at 150"]);
  alarm.cancel();
  clock.advance(5000);
  assert.deepEqual([told.length, clock.pending], [2, 0]);
});
