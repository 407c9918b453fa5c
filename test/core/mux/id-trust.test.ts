import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceHabits } from "#src/core/mux/device-habits.js";
import { IdTrust, type Signs } from "#src/core/mux/id-trust.js";
import { RequestIds } from "#src/core/mux/request-ids.js";

function setUp() {
  const habits = new DeviceHabits();
  return { habits, trust: new IdTrust(habits) };
}

const RIGHT: Signs = { id: 7, hasId: true, askedUnit: 3, unit: 3 };
const OWN_ID: Signs = { ...RIGHT, id: 1, hasId: false };
const OWN_UNIT: Signs = { ...RIGHT, unit: 1 };

test("another id is possible until two ids were right", () => {
  const { trust } = setUp();
  assert.equal(trust.judge(OWN_ID), "possible");
  trust.right(3);
  assert.deepEqual([trust.isProven, trust.judge(OWN_ID)], [false, "possible"]);
  trust.right(4);
  assert.deepEqual([trust.isProven, trust.judge(OWN_ID)], [true, "impossible"]);
});

test("another unit is possible until the unit that was asked has been named twice, whatever others do", () => {
  const { trust } = setUp();
  trust.right(255);
  trust.right(255);
  assert.equal(trust.judge(OWN_UNIT), "possible");
  assert.equal(trust.judge({ ...OWN_UNIT, askedUnit: 255 }), "impossible");
});

test("what was the answer once is known, on other links, too", () => {
  const { habits, trust } = setUp();
  trust.taken(OWN_ID);
  trust.taken(OWN_UNIT);
  assert.equal(habits.byOrder, true);
  for (const link of [trust, new IdTrust(habits)]) {
    assert.deepEqual(
      [OWN_ID, OWN_UNIT].map((signs) => link.judge(signs)),
      ["known", "known"],
    );
    assert.equal(link.judge({ ...OWN_ID, unit: 2 }), "possible");
  }
});

test("a device whose ids differ gives none twice: the last answer once more is none", () => {
  const { trust } = setUp();
  trust.taken({ ...OWN_ID, id: 1 });
  assert.equal(trust.judge({ ...OWN_ID, id: 1 }), "known");
  trust.taken({ ...OWN_ID, id: 2 });
  assert.deepEqual(
    [1, 2, 3].map((id) => trust.judge({ ...OWN_ID, id })),
    ["known", "impossible", "known"],
  );
});

test("two right ids in a row end the matching by order; a device that swaps bytes is right now and then", () => {
  const { habits, trust } = setUp();
  trust.taken(OWN_ID);
  for (let n = 0; n < 5; n += 1) {
    trust.right(3);
    trust.taken(OWN_ID);
  }
  assert.equal(habits.byOrder, true);
  trust.right(3);
  trust.right(3);
  assert.equal(habits.byOrder, false);
});

test("two right units end the exception for that unit", () => {
  const { habits, trust } = setUp();
  trust.taken(OWN_UNIT);
  trust.right(3);
  assert.equal(habits.byOrder, true);
  trust.right(3);
  assert.equal(habits.byOrder, false);
});

test("ids of the last requests of the last links are none of the device's own", () => {
  const { habits } = setUp();
  const links = [100, 2000, 3000, 4000, 5000].map((first) => new RequestIds(new Set<number>(), first));
  for (const ids of links) {
    habits.addLink(ids);
    ids.next();
    ids.next();
  }
  assert.deepEqual(
    [101, 2000, 2001, 2002, 2003, 5002].map((id) => habits.isOurs(id)),
    [false, false, true, true, false, true],
  );
});
