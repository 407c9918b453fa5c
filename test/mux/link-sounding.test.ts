import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkSounding } from "#src/mux/link-sounding.js";
import { ManualClock } from "../support/clock.js";

test("a link that was idle is listened to before a write; a busy one is not", () => {
  const clock = new ManualClock();
  const pauses: number[] = [];
  const link = {
    usedAt: clock.now(),
    get idleMs(): number {
      return clock.now() - this.usedAt;
    },
  };
  const sounding = new LinkSounding(clock, link, { start: (ms) => void pauses.push(ms) });
  clock.advance(199);
  assert.equal(sounding.isDone(), true);
  clock.advance(1);
  assert.deepEqual([sounding.isDone(), pauses], [false, [3]]);
  clock.advance(300); // a busy machine lets the pause end late
  sounding.over();
  assert.deepEqual([sounding.isDone(), pauses.length], [true, 1], "the write goes out");
  link.usedAt = clock.now();
  clock.advance(5000);
  assert.deepEqual([sounding.isDone(), pauses.length], [false, 2]);
});
