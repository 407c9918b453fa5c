import assert from "node:assert/strict";
import { test } from "node:test";
import { valueMetrics } from "#src/core/web/value-metrics.js";
import { muxStatus } from "../../support/mux-status.js";

test("values that are true now are gauges; the age of the others shows that they are not", () => {
  const values = [
    { name: "power", unit: "kW", value: -4.7, ageMs: 3700, state: "good" },
    { name: "pump", value: true, ageMs: 10, state: "good" },
    { name: "total", value: "18446744073709551615", ageMs: 10, state: "good" },
    { name: "model", value: "SUN2000", ageMs: 10, state: "good" },
    { name: "old", value: 5, ageMs: 900_000, state: "stale" },
    { name: "bad", ageMs: 0, state: "invalid" },
    { name: "later", state: "waiting" },
  ] as const;
  const [value, age] = valueMetrics([muxStatus({ name: "inverter", values }), muxStatus({ port: 5021 })]);
  const line = "inverter";
  assert.deepEqual(
    [value?.name, [...(value?.samples ?? [])]],
    [
      "sockproxyd_value",
      [
        { labels: { line, name: "power", unit: "kW" }, value: -4.7 },
        { labels: { line, name: "pump" }, value: 1 },
        { labels: { line, name: "total" }, value: 18_446_744_073_709_552_000 },
      ],
    ],
  );
  assert.equal(age?.name, "sockproxyd_value_age_seconds");
  assert.deepEqual(
    [...(age?.samples ?? [])].map((sample) => sample.value),
    [3.7, 0.01, 0.01, 0.01, 900, 0],
  );
});

test("without published values there is no metric of them", () => {
  assert.deepEqual(valueMetrics([muxStatus()]), []);
});
