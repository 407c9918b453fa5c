import assert from "node:assert/strict";
import { test } from "node:test";
import { type MuxStatus, muxCounters } from "#src/core/mux/mux-status.js";
import { muxMetrics } from "#src/core/web/mux-metrics.js";

const STATUS: MuxStatus = {
  port: 5020,
  protocol: "modbus",
  mode: "request",
  target: "192.0.2.1:502",
  clientCount: 3,
  waiting: 2,
  outstanding: 1,
  pool: 2,
  links: [
    { state: "busy", address: "192.0.2.1:502", ageMs: 1, idleMs: 1, requests: 7 },
    { state: "connecting", address: "", ageMs: 0, idleMs: 0, requests: 0 },
  ],
  ...{ down: false, failed: 0, joining: 0, open: 0, load: 0, clients: [] },
  ...muxCounters(),
};

test("a mux with a name shows it as a label of its metrics", () => {
  const [metric] = muxMetrics([STATUS, { ...STATUS, port: 5021, name: "inverter" }]);
  assert.deepEqual(
    metric?.samples.map(({ labels }) => labels),
    [
      { port: "5020", target: "192.0.2.1:502" },
      { port: "5021", name: "inverter", target: "192.0.2.1:502" },
    ],
  );
});

test("STAT JSON and the metrics keep the names of their counters: people read them by program", () => {
  assert.deepEqual(Object.entries(muxCounters()).flat(), [
    ...[
      "requests",
      0,
      "answers",
      0,
      "cacheHits",
      0,
      "joined",
      0,
      "sent",
      0,
      "timeouts",
      0,
      "unitSilent",
      0,
      "linkLost",
      0,
      "noPath",
      0,
    ],
    ...[
      "queueFull",
      0,
      "refused",
      0,
      "abandoned",
      0,
      "malformed",
      0,
      "stalled",
      0,
      "repeated",
      0,
      "strays",
      0,
      "events",
      0,
    ],
  ]);
  assert.deepEqual(
    muxMetrics([STATUS]).map(({ name, type }) => `${type} ${name.replace("sockproxyd_mux_", "")}`),
    [
      ...["gauge clients", "gauge waiting", "gauge outstanding", "gauge open", "gauge links", "gauge down"],
      ...["gauge load_ratio", "gauge response_p50_seconds", "gauge response_p99_seconds"],
      ...["counter requests_total", "counter answers_total", "counter cache_hits_total", "counter joined_total"],
      ...[
        "counter sent_total",
        "counter timeouts_total",
        "counter unit_silent_total",
        "counter link_lost_total",
        "counter no_path_total",
      ],
      ...["counter queue_full_total", "counter refused_total", "counter abandoned_total", "counter malformed_total"],
      ...["counter stalled_total", "counter repeated_total", "counter strays_total", "counter events_total"],
    ],
  );
});

test("each mux counts for itself", () => {
  const [one, other] = [muxCounters(), muxCounters()];
  one.requests += 1;
  assert.deepEqual([one.requests, other.requests], [1, 0]);
});
