import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientStatus } from "#src/core/mux/client-records.js";
import { muxCounters } from "#src/core/mux/mux-status.js";
import { muxMetrics } from "#src/core/web/mux-metrics.js";
import { BUSY_MUX, clientStatus } from "../../support/mux-status.js";

test("a mux with a name shows it as a label of its metrics", () => {
  const [metric] = muxMetrics([BUSY_MUX, { ...BUSY_MUX, port: 5021, name: "inverter" }]);
  assert.deepEqual(
    [...(metric?.samples ?? [])].map(({ labels }) => labels),
    [
      { port: "5020", target: "192.0.2.1:502" },
      { port: "5021", name: "inverter", target: "192.0.2.1:502" },
    ],
  );
});

test("STAT JSON and the metrics keep the names of their counters: people read them by program", () => {
  assert.deepEqual(Object.keys(muxCounters()), [
    "requests",
    "answers",
    "cacheHits",
    "joined",
    "sent",
    "timeouts",
    "unitSilent",
    "linkLost",
    "noPath",
    "queueFull",
    "refused",
    "abandoned",
    "malformed",
    "stalled",
    "repeated",
    "strays",
    "events",
  ]);
  assert.ok(Object.values(muxCounters()).every((count) => count === 0));
  assert.deepEqual(
    muxMetrics([BUSY_MUX]).map(({ name, type }) => `${type} ${name.replace("sockproxyd_mux_", "")}`),
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
      ...["counter client_requests_total", "counter client_answers_total", "counter client_cache_hits_total"],
      ...["counter client_failed_total", "counter client_waited_seconds_total", "counter client_device_seconds_total"],
    ],
  );
});

test("metrics of clients are sums by address, of the addresses that asked most", () => {
  const client = (address: string, requests: number): ClientStatus =>
    clientStatus({ address, waitedMs: 500 * requests, requests, answers: requests });
  const crowd = Array.from({ length: 100 }, (_, index) => client(`192.0.2.${index}`, index + 1));
  const metrics = muxMetrics([{ ...BUSY_MUX, clients: [...crowd, client("192.0.2.0", 1000)] }]);
  const samplesOf = (name: string) => [
    ...(metrics.find((metric) => metric.name === `sockproxyd_mux_client_${name}`)?.samples ?? []),
  ];
  assert.equal(samplesOf("requests_total").length, 50);
  assert.deepEqual(samplesOf("requests_total").slice(0, 2), [
    { labels: { port: "5020", target: "192.0.2.1:502", client: "192.0.2.0" }, value: 1001 },
    { labels: { port: "5020", target: "192.0.2.1:502", client: "192.0.2.99" }, value: 100 },
  ]);
  assert.equal(samplesOf("waited_seconds_total")[1]?.value, 50);
});

test("each mux counts for itself", () => {
  const [one, other] = [muxCounters(), muxCounters()];
  one.requests += 1;
  assert.deepEqual([one.requests, other.requests], [1, 0]);
});
