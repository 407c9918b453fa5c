import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DeviceRetry, type EndedLink } from "#src/core/tunnel/device-retry.js";
import type { FarewellReason } from "#src/core/tunnel/farewell.js";

const LOST: EndedLink = { lastedMs: 5000 };
const NOT_REACHED: EndedLink = {};
const WAITING: EndedLink = { lastedMs: 10, waits: { carried: false } };
const CARRIED: EndedLink = { lastedMs: 10, waits: { carried: true } };
const bye = (reason: FarewellReason | "unknown", lastedMs = 100): EndedLink => ({
  lastedMs,
  farewell: { reason, text: "" },
});

/** The waits after these ends, one after the other, without jitter; the longest wait has none for 0. */
function waits(...ends: readonly EndedLink[]): number[] {
  const retry = new DeviceRetry();
  return ends.map((end) => retry.after(end, 0).waitMs);
}

const table: [string, EndedLink[], number[]][] = [
  ["good links: at once each time", [LOST, LOST, LOST], [250, 250, 250]],
  ["a server that is away: 2 s at most", Array.from({ length: 5 }, () => NOT_REACHED), [250, 500, 1000, 2000, 2000]],
  ["links that do not last", [{ lastedMs: 999 }, { lastedMs: 999 }, LOST], [250, 500, 250]],
  [
    "clients wait: soon, and half a second later at most",
    [WAITING, WAITING, WAITING, WAITING, WAITING, CARRIED, WAITING],
    [50, 100, 200, 400, 500, 50, 100],
  ],
  ["a server that was stopped", [bye("closed"), NOT_REACHED, NOT_REACHED], [250, 500, 1000]],
  [
    "a wrong secret: up to a minute",
    Array.from({ length: 6 }, () => bye("secret")),
    [5000, 10_000, 20_000, 40_000, 60_000, 60_000],
  ],
  ["replaced: half a minute, then a minute", [bye("replaced"), bye("replaced", 30_000)], [30_000, 60_000]],
  ["replaced after a long time: half a minute again", [bye("replaced"), bye("replaced", 180_000)], [30_000, 30_000]],
  ["BYE of a newer program", [bye("unknown"), bye("unknown")], [5000, 10_000]],
  ["a loss between BYEs changes nothing", [bye("secret"), LOST, bye("secret")], [5000, 250, 10_000]],
];
for (const [name, ends, expected] of table) test(name, () => assert.deepEqual(waits(...ends), expected));

test("only a link of a second or more was a good one", () => {
  const retry = new DeviceRetry();
  const steady = [{}, { lastedMs: 999 }, { lastedMs: 1000 }, bye("replaced", 2000)].map((end) => retry.after(end, 0));
  assert.deepEqual(
    steady.map(({ wasSteady }) => wasSteady),
    [false, false, true, true],
  );
});

test("no wait is longer than a minute, and none after BYE is shorter than 3.75 s", () => {
  const end = fc.oneof(
    fc.constant(LOST),
    fc.constant(NOT_REACHED),
    fc
      .record({ reason: fc.constantFrom("replaced", "secret", "unknown"), lastedMs: fc.nat(300_000) })
      .map((each) => bye(each.reason as FarewellReason, each.lastedMs)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(end, fc.double({ min: 0, max: 0.999, noNaN: true }))), (ends) => {
      const retry = new DeviceRetry();
      for (const [each, random] of ends) {
        const { waitMs } = retry.after(each, random);
        assert.ok(waitMs <= 60_000 && waitMs >= (each.farewell === undefined ? 250 : 3750));
      }
    }),
  );
});
