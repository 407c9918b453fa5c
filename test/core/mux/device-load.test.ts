import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceLoad } from "#src/core/mux/device-load.js";

test("load is the share of time in which a request was outstanding", () => {
  const load = new DeviceLoad(0);
  assert.deepEqual(load.status(1, 10_000), { load: 0, responses: { count: 0, sumMs: 0 } });
  for (let now = 10_000; now < 70_000; now += 1000) {
    load.sent(1, now);
    load.over(1, 250, now + 250);
  }
  assert.ok(Math.abs(load.status(1, 70_000).load - 0.25) < 0.02);
  assert.equal(load.status(1, 140_000).load, 0);
});

test("a request that is still outstanding counts, and several on one link count once", () => {
  const load = new DeviceLoad(0);
  load.sent(1, 0);
  load.sent(1, 0);
  assert.equal(load.status(1, 30_000).load, 1);
  load.over(1, undefined, 30_000);
  load.over(1, undefined, 30_000);
  assert.ok(Math.abs(load.status(1, 60_000).load - 0.5) < 0.05);
});

test("with several links, load is the share of them that is busy", () => {
  const load = new DeviceLoad(0);
  load.sent(4, 0);
  assert.equal(load.status(4, 30_000).load, 0.25);
  for (let count = 0; count < 9; count += 1) load.sent(4, 30_000);
  assert.ok(Math.abs(load.status(4, 59_999).load - 0.625) < 0.01);
});

test("response times are those of answers", () => {
  const load = new DeviceLoad(0);
  for (let ms = 1; ms <= 100; ms += 1) {
    load.sent(1, 0);
    load.over(1, ms, 0);
  }
  load.sent(1, 0);
  load.over(1, undefined, 60_000);
  const { p50Ms = 0, p99Ms = 0 } = load.status(1, 60_000).response ?? {};
  assert.ok(Math.abs(p50Ms - 50) < 3 && Math.abs(p99Ms - 99) < 6, `${p50Ms} ${p99Ms}`);
});
