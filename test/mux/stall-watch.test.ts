import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerBacklog } from "#src/core/limits/idle-deadlines.js";
import { StallWatch } from "#src/mux/stall-watch.js";
import { ManualClock } from "../support/clock.js";
import { pass } from "../support/mux-parts.js";

function setUp(more: { isAwaited?: boolean; backlog?: () => PeerBacklog | undefined } = {}) {
  const clock = new ManualClock();
  const state = { isDue: true, isAwaited: more.isAwaited ?? false, stalledAt: -1 };
  const { backlog } = more;
  const watch = new StallWatch({
    clock,
    limitMs: () => 5000,
    isDue: () => state.isDue,
    isAwaited: () => state.isAwaited,
    ...(backlog && {
      backlog: () => {
        const now = backlog();
        return now && Promise.resolve(now);
      },
    }),
    stalled: () => {
      state.stalledAt = clock.now();
    },
    fault: (error) => assert.fail(String(error)),
  });
  return { clock, state, watch };
}

test("a peer that does not move has stalled after the limit", async () => {
  const { clock, state, watch } = setUp();
  watch.moved();
  await pass(clock, 4900);
  assert.equal(state.stalledAt, -1);
  await pass(clock, 200);
  assert.ok(state.stalledAt >= 5000);
  assert.deepEqual([watch.isRunning, clock.pending], [false, 0]);
});

test("a peer that moves a byte now and then has not, as long as nobody waits", async () => {
  const { clock, state, watch } = setUp();
  watch.moved();
  for (let count = 0; count < 60; count += 1) {
    await pass(clock, 1000, 1000);
    watch.moved(1);
  }
  assert.equal(state.stalledAt, -1);
  state.isAwaited = true;
  for (let count = 0; count < 16; count += 1) {
    await pass(clock, 1000, 1000);
    if (watch.isRunning) watch.moved(1);
  }
  assert.ok(state.stalledAt >= 65_000, `stalled after ${state.stalledAt} ms`);
});

test("a peer that moves more than 500 bytes a second may keep others waiting", async () => {
  const { clock, state, watch } = setUp({ isAwaited: true });
  watch.moved();
  for (let count = 0; count < 60; count += 1) {
    await pass(clock, 1000, 1000);
    watch.moved(600);
  }
  assert.equal(state.stalledAt, -1);
});

test("time during which the peer is not the one to move does not count", async () => {
  const { clock, state, watch } = setUp({ isAwaited: true });
  watch.moved();
  state.isDue = false;
  await pass(clock, 30_000, 1000);
  state.isDue = true;
  watch.moved();
  await pass(clock, 4500);
  assert.equal(state.stalledAt, -1);
});

test("what the kernel shows counts: a peer that takes bytes unseen has moved", async () => {
  const left = { unacknowledged: 3_000_000, unread: 1000 };
  const { clock, state, watch } = setUp({ isAwaited: true, backlog: () => ({ ...left }) });
  watch.moved();
  for (let count = 0; count < 30; count += 1) {
    await pass(clock, 1000, 500);
    left.unacknowledged -= 10_000;
  }
  assert.equal(state.stalledAt, -1);
  for (let count = 0; count < 14 && state.stalledAt < 0; count += 1) {
    await pass(clock, 1000, 500);
    left.unread -= 1;
  }
  assert.ok(state.stalledAt > 35_000, "next to nothing, while others wait");
});

test("a standstill of the machine is nobody's stall: bytes that came meanwhile are read first", async () => {
  const { clock, state, watch } = setUp();
  watch.moved();
  clock.standStill(60_000);
  clock.advance(1); // the timer fires late
  watch.moved(100); // in the same pass, behind the timers
  await pass(clock, 100);
  assert.equal(state.stalledAt, -1);
});
