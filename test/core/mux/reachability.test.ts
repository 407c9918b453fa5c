import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DialTimes, Reachability } from "#src/core/mux/reachability.js";

const TIMES: DialTimes = { connectMs: 4000, retryMs: 1000 };
const BACK_MS = 1000; // after this time a request must not fail any more (docs/mux.md)

type Weakness = "refuses" | "drops" | "closes";

/** A device that is away for some time, a pool of one link, and a client that asks every `everyMs`. Returns when a request failed. */
function outage({ weakness, awayMs, everyMs }: { weakness: Weakness; awayMs: number; everyMs: number }): number[] {
  const reach = new Reachability();
  reach.connected(-5000, -4990);
  reach.answered();
  reach.ended(-5000, true, 0, TIMES);
  const failed: number[] = [];
  let waiting: number[] = [];
  let attempt: { readonly at: number; readonly ms: number } | undefined;
  for (let now = 0; now <= awayMs + 10_000; now += 10) {
    if (attempt !== undefined) {
      const { at, ms } = attempt;
      const isBack = now > awayMs && (at >= awayMs || Math.floor((now - at) / 1000) > Math.floor((awayMs - at) / 1000)); // a SYN each second
      const how = weakness === "refuses" ? "refused" : weakness === "closes" ? "closed" : "timed out";
      if (isBack) return failed;
      if (weakness !== "drops" || now - at >= ms) {
        attempt = undefined;
        const hopeless = reach.failed(at, how, now, TIMES);
        failed.push(...waiting.filter((since) => hopeless !== undefined && since <= hopeless).map(() => now));
        waiting = waiting.filter((since) => hopeless === undefined || since > hopeless);
      }
    }
    if (now % everyMs < 10) {
      if (reach.refuses(now)) failed.push(now);
      else waiting.push(now);
    }
    if (waiting.length > 0 && attempt === undefined) {
      reach.asked();
      if (now >= reach.dueAt) attempt = { at: now, ms: reach.attemptMs(TIMES) };
    }
  }
  throw new Error("never reached");
}

test("1 s after a device is back, no request fails, however it was away", () => {
  fc.assert(
    fc.property(
      fc.record({
        weakness: fc.constantFrom<Weakness[]>("refuses", "drops", "closes"),
        awayMs: fc.integer({ min: 0, max: 30_000 }),
        everyMs: fc.integer({ min: 10, max: 3000 }),
      }),
      (world) => {
        const late = outage(world).filter((at) => at > world.awayMs + BACK_MS);
        assert.deepEqual(late, []);
      },
    ),
  );
});

test("a device that is away for less than a second fails no request", () => {
  for (const weakness of ["refuses", "drops", "closes"] as const)
    assert.deepEqual(outage({ weakness, awayMs: 900, everyMs: 100 }), []);
});

test("requests fail at once for a second at most after an attempt, whatever RTRY says", () => {
  const reach = new Reachability();
  const times = { ...TIMES, retryMs: 20_000 };
  for (let count = 0; count < 2; count += 1) reach.failed(0, "closed", 10, times);
  assert.deepEqual([reach.refuses(999), reach.refuses(1000), reach.dueAt], [true, false, 20_000]);
});

test("an attempt that is dropped fails what has waited for the whole of CTIM, and nothing that came later", () => {
  const reach = new Reachability();
  assert.equal(reach.attemptMs(TIMES), 4000, "nothing is known of the device");
  reach.connected(0, 10);
  assert.equal(reach.attemptMs(TIMES), 1000);
  const hopeless = [1, 2, 3, 4, 5].map((n) => reach.failed((n - 1) * 1000, "timed out", n * 1000, TIMES));
  assert.deepEqual(hopeless, [undefined, undefined, undefined, 0, 1000]);
  reach.connected(5000, 5600);
  assert.equal(reach.attemptMs(TIMES), 2400, "a device that takes its time gets it");
});

test("one attempt of ten takes all its time: the device may have become slow", () => {
  const reach = new Reachability();
  reach.connected(0, 10);
  const lengths = Array.from({ length: 12 }, (_, n) => {
    const ms = reach.attemptMs(TIMES);
    reach.failed(n * 1000, "timed out", n * 1000 + ms, TIMES);
    return ms;
  });
  assert.deepEqual(lengths, [...Array(9).fill(1000), 4000, 1000, 1000]);
});

test("the wait grows only while nobody asks", () => {
  const reach = new Reachability();
  const waits = (): number[] =>
    [1, 2, 3, 4, 5, 6].map((n) => {
      reach.failed(n * 20_000, "refused", n * 20_000, TIMES);
      return reach.waitMs(TIMES, 0);
    });
  assert.deepEqual(waits(), [1000, 2000, 4000, 8000, 10_000, 10_000]);
  reach.asked();
  assert.deepEqual(waits().slice(0, 2), [1000, 2000]);
});
