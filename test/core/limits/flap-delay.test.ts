import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlapDelay } from "#src/core/limits/flap-delay.js";

const S = 1000;

test("each alert of the last ten minutes doubles the delay, up to five minutes", () => {
  const delay = new FlapDelay();
  const delays = Array.from({ length: 9 }, () => {
    const ms = delay.delayMs(0);
    delay.alerted(0);
    return ms / S;
  });
  assert.deepEqual(delays, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
  assert.equal(delay.delayMs(599 * S), 300 * S);
  assert.equal(delay.delayMs(600 * S), 2 * S);
});

test("something that comes and goes for an hour makes a few alerts in any ten minutes", () => {
  const seconds = fc.integer({ min: 1, max: 90 });
  fc.assert(
    fc.property(fc.array(fc.tuple(seconds, seconds), { minLength: 100, maxLength: 200 }), (turns) => {
      const delay = new FlapDelay();
      const alerts: number[] = [];
      let now = 0;
      for (const [up, down] of turns) {
        now += up * S;
        if (down * S >= delay.delayMs(now)) {
          alerts.push(now);
          delay.alerted(now);
        }
        now += down * S;
      }
      for (const from of alerts) assert.ok(alerts.filter((at) => at >= from && at < from + 600 * S).length <= 7);
    }),
  );
});
