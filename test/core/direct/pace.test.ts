import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pace } from "#src/core/direct/pace.js";

/** When telegrams leave that come after these pauses, in milliseconds; timers are late by as much as is said. */
function departures(rate: number, pauses: readonly number[], lateness: readonly number[]): number[] {
  const pace = new Pace(rate);
  const left: number[] = [];
  let now = 0;
  let arrival = 0;
  for (const [index, pause] of pauses.entries()) {
    arrival += pause;
    now = Math.max(now, arrival);
    const waitMs = pace.waitMs(now);
    if (waitMs > 0) now += Math.ceil(waitMs) + (lateness[index] ?? 0);
    assert.equal(pace.waitMs(now), 0, "it may leave once it has waited");
    pace.leave(now);
    left.push(now);
  }
  return left;
}

test("telegrams that wait leave evenly", () => {
  assert.deepEqual(departures(10, [0, 0, 0, 0], []), [0, 100, 200, 300]);
  assert.deepEqual(departures(0.5, [0, 0, 0], []), [0, 2000, 4000]);
});

test("an idle time saves up nothing", () => {
  assert.deepEqual(departures(10, [0, 5000, 0, 0], []), [0, 5000, 5100, 5200]);
});

test("a late timer puts the next one off", () => {
  assert.deepEqual(departures(10, [0, 0, 0], [0, 30]), [0, 130, 230]);
});

test("above 100 a second several leave in one step of a timer, and the rate is reached all the same", () => {
  const left = departures(1000, Array<number>(3000).fill(0), Array<number>(3000).fill(1));
  const ms = left.at(-1) ?? 0;
  assert.ok(ms >= 2980 && ms < 3100, `${ms} ms for 3000 telegrams`);
});

test("law: at most rate × time + 1 telegrams in any time; up to 100/s no two closer than the rate", () => {
  const milliseconds = fc.oneof(fc.constant(0), fc.nat(5), fc.nat(3000));
  const lists = fc.array(milliseconds, { minLength: 2, maxLength: 80 });
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 5000, noNaN: true }), lists, lists, (rate, pauses, lateness) => {
      const left = departures(rate, pauses, lateness);
      const most = Math.max(1, rate / 100) + 1e-6;
      for (const [first, from] of left.entries()) {
        for (const [last, to] of left.entries()) {
          if (last >= first) assert.ok(last - first + 1 <= ((to - from) * rate) / 1000 + most, `${first} to ${last}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("law: no more than the rate in any second, up to 100/s", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.nat(40), { minLength: 200, maxLength: 300 }),
      (rate, pauses) => {
        const left = departures(rate, pauses, []);
        for (const from of left) {
          assert.ok(left.filter((at) => at >= from && at < from + 1000).length <= rate);
        }
      },
    ),
    { numRuns: 100 },
  );
});
