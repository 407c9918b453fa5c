import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UnitHealth } from "#src/core/mux/unit-health.js";

function setUp() {
  const told: string[] = [];
  const units = new UnitHealth((unit, isSilent) => void told.push(`${unit} ${isSilent ? "silent" : "back"}`));
  /** A request that goes out at `now` and is given up after `ms`. */
  const miss = (unit: number, now: number, ms = 1000): void => {
    units.asked(unit, now);
    units.missed(unit, now, now + ms);
  };
  const answer = (unit: number, now: number, ms = 20): void => {
    units.asked(unit, now);
    units.answered(unit, ms, now + ms);
  };
  return { units, told, miss, answer };
}

test("a unit that has not answered twice while another one has is tried after 2 s, then ever more rarely up to 30 s", () => {
  const { units, told, miss, answer } = setUp();
  answer(1, 0);
  miss(9, 1000);
  assert.deepEqual([units.mayAsk(9, 2000), units.isTrusted(9)], [true, false]);
  miss(9, 2000);
  assert.deepEqual(told, ["9 silent"]);
  assert.deepEqual(units.silent(5000), [{ unit: 9, ms: 3000, missedMs: 2000 }]);
  let now = 3000;
  for (const waitMs of [2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    assert.equal(units.mayAsk(9, now + waitMs - 1), false, `within ${waitMs} ms`);
    now += waitMs;
    assert.equal(units.mayAsk(9, now), true, `after ${waitMs} ms`);
    units.asked(9, now);
    assert.equal(units.mayAsk(9, now), false, "one request only");
    units.missed(9, now, now + 1000);
    now += 1000;
  }
  assert.deepEqual([told, units.mayAsk(1, now)], [["9 silent"], true]);
  answer(9, now);
  assert.deepEqual([units.mayAsk(9, now), units.isTrusted(9), told.at(-1)], [true, true, "9 back"]);
  assert.deepEqual(units.silent(now), []);
});

test("when nobody answers the units are not to blame, and come back together", () => {
  const { units, told, miss, answer } = setUp();
  for (const unit of [1, 2]) answer(unit, 0);
  for (let now = 1000; now < 8000; now += 2000) for (const unit of [1, 2]) miss(unit, now);
  assert.deepEqual([told, units.mayAsk(1, 9000), units.mayAsk(2, 9000)], [[], true, true]);
  answer(1, 9000);
  assert.deepEqual([units.isTrusted(2), told], [true, []]);
});

test("the return of one unit does not vouch for one that was dead before", () => {
  const { units, miss, answer } = setUp();
  answer(1, 0);
  for (const now of [1000, 2000]) miss(9, now);
  answer(1, 4000);
  miss(1, 5000);
  answer(1, 6100);
  assert.equal(units.isTrusted(9), false);
});

test("a unit that has answered before is silent only when another one has answered since", () => {
  const { units, told, miss, answer } = setUp();
  answer(1, 0);
  answer(9, 100);
  for (const now of [1000, 2000, 3000]) miss(9, now);
  assert.deepEqual([told, units.mayAsk(9, 4000)], [[], true], "the whole device may be away");
  answer(1, 4500);
  miss(9, 5000);
  assert.deepEqual(told, ["9 silent"]);
});

test("requests that were under way together count once", () => {
  const { units, told, answer } = setUp();
  answer(1, 0);
  for (const unit of [9, 9, 9, 9]) units.missed(unit, 1000, 2000);
  assert.deepEqual(told, []);
});

test("a unit that answers slowly may keep the link for longer, one that fails for a second", () => {
  const { units, miss, answer } = setUp();
  assert.equal(units.holdMs(1, 0), 1000);
  answer(1, 0, 900);
  assert.equal(units.holdMs(1, 0), 3600);
  for (let n = 1; n < 100; n += 1) answer(1, n * 1000, 20);
  assert.equal(units.holdMs(1, 0), 1000);
  answer(1, 200_000, 900);
  miss(1, 210_000);
  assert.equal(units.holdMs(1, 0), 1000);
});

test("a unit that answers is never refused, whatever the others do", () => {
  const event = fc.record({
    unit: fc.constantFrom(2, 3, 4),
    answers: fc.boolean(),
    ms: fc.integer({ min: 1, max: 40_000 }),
  });
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const { units, miss, answer } = setUp();
      let now = 0;
      for (const { unit, answers, ms } of events) {
        now += ms;
        answer(1, now);
        assert.ok(units.mayAsk(1, now) && units.isTrusted(1));
        if (!units.mayAsk(unit, now)) continue;
        if (answers) answer(unit, now);
        else miss(unit, now);
        assert.ok(units.mayAsk(unit, now + 31_001), "each is tried again within 30 s");
        if (answers) assert.ok(units.mayAsk(unit, now + 1));
      }
    }),
  );
});

test("others go before a unit that has not answered, while they have just waited for such a one", () => {
  const { units, miss, answer } = setUp();
  answer(1, 0);
  miss(8, 0);
  miss(9, 0);
  assert.equal(units.yields(9, 1000), false);
  units.asked(8, 1000);
  assert.deepEqual([units.yields(9, 1001), units.yields(8, 2999), units.yields(1, 1001)], [true, true, false]);
  assert.equal(units.yields(9, 3000), false, "it has its turn in the end");
});

test("an unknown unit keeps the link for half a second only while another one is overdue", () => {
  const { units } = setUp();
  assert.equal(units.holdMs(9, 0), 1000);
  units.overdue(1000);
  assert.deepEqual([units.holdMs(9, 1001), units.holdMs(9, 3000)], [500, 1000]);
});
