import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RateAlarm, SlidingMinute } from "#src/core/limits/rate-alarm.js";

test("events older than a minute never count, events younger than 59 s always do", () => {
  const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(2000), fc.nat(100_000)), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.nat(200_000), pauses, (start, waits) => {
      const minute = new SlidingMinute();
      const times: number[] = [];
      let now = start;
      for (const wait of waits) {
        now += wait;
        times.push(now);
        const count = minute.add(now);
        assert.ok(count <= times.filter((at) => now - at < 60_000).length);
        assert.ok(count >= times.filter((at) => now - at <= 59_000).length);
      }
    }),
  );
});

test("the alarm is raised at once, then once a minute while the events go on", () => {
  const excess = new RateAlarm();
  const told: [number, number][] = [];
  for (let now = 0; now < 180_000; now += 1000) {
    const count = excess.add(10, now);
    if (count !== undefined) told.push([now, count]);
  }
  assert.deepEqual(told, [
    [9000, 10],
    [69_000, 60],
    [129_000, 60],
  ]);
});

test("events below the limit raise no alarm, however long they go on", () => {
  const excess = new RateAlarm();
  for (let now = 0; now < 3_600_000; now += 7000) assert.equal(excess.add(10, now), undefined);
});

test("with a limit of 1 the first event raises the alarm", () => assert.equal(new RateAlarm().add(1, 5), 1));
