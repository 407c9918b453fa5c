import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Times } from "#src/log/times.js";

const zoneBefore = process.env["TZ"];
after(() => {
  if (zoneBefore === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zoneBefore;
});

/** What a time is called in a zone of the machine, in a time zone of the settings. */
const TIMES: readonly (readonly [machine: string, zone: "local" | "utc", utc: string, iso: string, ofDay: string])[] = [
  ["Europe/Berlin", "local", "2026-11-29T11:00:00.000Z", "2026-11-29T12:00:00.000+01:00", "12:00:00,000"],
  ["Europe/Berlin", "local", "2026-07-01T23:59:59.007Z", "2026-07-02T01:59:59.007+02:00", "01:59:59,007"],
  ["Europe/Berlin", "utc", "2026-07-01T23:59:59.070Z", "2026-07-01T23:59:59.070Z", "23:59:59,070"],
  ["America/St_Johns", "local", "2026-01-01T00:00:00.700Z", "2025-12-31T20:30:00.700-03:30", "20:30:00,700"],
  ["America/St_Johns", "local", "2026-07-01T00:00:00.700Z", "2026-06-30T21:30:00.700-02:30", "21:30:00,700"],
  ["Asia/Kathmandu", "local", "2026-07-01T00:00:00.000Z", "2026-07-01T05:45:00.000+05:45", "05:45:00,000"],
  ["UTC", "local", "2026-07-01T00:00:00.000Z", "2026-07-01T00:00:00.000+00:00", "00:00:00,000"],
  ["UTC", "utc", "2026-07-01T00:00:00.000Z", "2026-07-01T00:00:00.000Z", "00:00:00,000"],
];
for (const [machine, zone, utc, iso, ofDay] of TIMES) {
  test(`${utc} in ${machine}, ${zone}`, () => {
    process.env["TZ"] = machine;
    const times = new Times(zone);
    const epochMs = Date.parse(utc);
    assert.deepEqual([times.iso(epochMs), times.ofDay(epochMs)], [iso, ofDay]);
    assert.equal(times.iso(epochMs + 0.9), iso, "a part of a millisecond is left out");
    assert.equal(Date.parse(iso), epochMs);
  });
}

test("each time is right across a change of daylight saving time, forwards and backwards", () => {
  process.env["TZ"] = "Europe/Berlin";
  const times = new Times();
  const spring = Date.parse("2026-03-29T01:00:00Z");
  const autumn = Date.parse("2026-10-25T01:00:00Z");
  for (const [epochMs, expected] of [
    [spring - 1, "2026-03-29T01:59:59.999+01:00"],
    [spring, "2026-03-29T03:00:00.000+02:00"],
    [spring - 1, "2026-03-29T01:59:59.999+01:00"],
    [autumn - 1, "2026-10-25T02:59:59.999+02:00"],
    [autumn, "2026-10-25T02:00:00.000+01:00"],
    [autumn + 59 * 60_000, "2026-10-25T02:59:00.000+01:00"],
  ] as const) {
    assert.equal(times.iso(epochMs), expected);
  }
});

test("the zone may change, within a second, too", () => {
  process.env["TZ"] = "Europe/Berlin";
  const times = new Times();
  const epochMs = Date.parse("2026-11-29T11:00:00.123Z");
  assert.match(times.iso(epochMs), /\+01:00$/);
  times.configure("utc");
  assert.deepEqual([times.iso(epochMs), times.ofDay(epochMs)], ["2026-11-29T11:00:00.123Z", "11:00:00,123"]);
});
