import assert from "node:assert/strict";
import { test } from "node:test";
import { SteadyMoments } from "#src/core/health/steady-moments.js";

test("a moment is told as before, within a second; a step of the clock and another beginning are told", () => {
  const moments = new SteadyMoments();
  const rows: [now: number, ms: number, told: number][] = [
    [50_000, 10_000, 40_000],
    [50_500, 10_499, 40_000], // a millisecond later
    [51_000, 10_002, 40_000],
    [51_999, 11_000, 40_000], // 999 ms later
    [60_000, 19_000, 41_000], // the clock was set forward
    [60_500, 0, 60_500], // it has begun anew
  ];
  for (const [now, ms, told] of rows) assert.equal(moments.begin(now).before(ms, "link-down farm"), told);
});

test("each thing has its own moment, which is forgotten once it is not told", () => {
  const moments = new SteadyMoments();
  const first = moments.begin(10_000);
  assert.deepEqual([first.before(1000, "a"), first.before(1001, "b")], [9000, 8999]);
  first.forgetOthers();
  const second = moments.begin(10_000);
  const meanwhile = moments.begin(10_000);
  assert.equal(second.before(1000, "b"), 8999);
  assert.equal(meanwhile.before(1001, "a"), 9000);
  second.forgetOthers();
  assert.equal(moments.begin(10_000).before(1001, "a"), 8999);
});
