import assert from "node:assert/strict";
import { test } from "node:test";
import { muxCounters } from "#src/core/mux/mux-status.js";
import type { DaemonReport } from "#src/core/status/daemon-status.js";
import { expositionOf } from "#src/core/web/exposition.js";
import { metricsText } from "#src/core/web/metrics.js";
import { readExposition } from "../../support/exposition.js";
import { FULL_REPORT, USAGE } from "../../support/full-report.js";

const families = readExposition([...metricsText(FULL_REPORT, USAGE)].join(""));

/** The only value with these labels. */
function value(name: string, labels: Record<string, string> = {}, from = families): number | undefined {
  const family = from.get(name.replace(/_(bucket|sum|count)$/, "")) ?? from.get(name);
  const found = family?.series.filter(
    (series) =>
      series.name === name && JSON.stringify(Object.entries(series.labels)) === JSON.stringify(Object.entries(labels)),
  );
  return found?.[0]?.value;
}

const expected: [number, string, Record<string, string>?][] = [
  [1, "sockproxyd_mqtt_up"],
  [31, "sockproxyd_mqtt_waiting"],
  [33, "sockproxyd_mqtt_published_total"],
  [34, "sockproxyd_mqtt_received_total"],
  [35, "sockproxyd_mqtt_dropped_total"],
  [36, "sockproxyd_mqtt_connects_total"],
  [2, "sockproxyd_event_readers"],
  [5, "sockproxyd_events_left_out_total"],
  [37, "sockproxyd_parked_connections"],
  [38, "sockproxyd_parked_bytes"],
  [1, "sockproxyd_standing_up", { port: "8125" }],
  [41, "sockproxyd_standing_received_bytes_total", { port: "8125" }],
  [42, "sockproxyd_standing_sent_bytes_total", { port: "8125" }],
  [43, "sockproxyd_standing_refused_total", { port: "8125" }],
  [51, "sockproxyd_webhook_waiting", { webhook: "reactor" }],
  [56, "sockproxyd_webhook_failing_seconds", { webhook: "reactor" }],
  [55, "sockproxyd_webhook_failed_total", { webhook: "reactor" }],
  [4711, "sockproxyd_value", { line: "5020", name: "power", unit: "W" }],
  [1, "sockproxyd_value", { line: "5020", name: "pump" }],
  [0.1, "sockproxyd_value_age_seconds", { line: "5020", name: "model" }],
  [1, "sockproxyd_build_info", { version: "1.2.3" }],
  [61.5, "sockproxyd_uptime_seconds"],
  [1, "sockproxyd_listener_up", { listener: "proxy port 2504" }],
  [0, "sockproxyd_listener_up", { listener: "direct port 8125" }],
  [1, "sockproxyd_listener_up", { listener: "web port 8080" }],
  [2, "sockproxyd_connections_open", { listener: "proxy port 2504" }],
  [0, "sockproxyd_connections_open", { listener: "direct port 8125" }],
  [1, "sockproxyd_connections_open", { listener: "direct port 9999" }],
  [9, "sockproxyd_connections_total"],
  [11, "sockproxyd_silent_connections_total", { listener: "proxy port 2504" }],
  [12, "sockproxyd_refused_connections_total", { listener: "proxy port 2504" }],
  [13, "sockproxyd_replaced_connections_total", { listener: "expose port 1" }],
  [123_456_789_012, "sockproxyd_received_bytes_total"],
  [77, "sockproxyd_sent_bytes_total"],
  [9, "sockproxyd_listener_connections_total", { listener: "proxy port 2504" }],
  [5, "sockproxyd_listener_received_bytes_total", { listener: "proxy port 2504" }],
  [7, "sockproxyd_listener_sent_bytes_total", { listener: "proxy port 2504" }],
  [1.5, "process_cpu_seconds_total"],
  [50_000_000, "process_resident_memory_bytes"],
  [700_000_000, "process_virtual_memory_bytes"],
  [21, "process_open_fds"],
  [1024, "process_max_fds"],
  [1_700_000_000.25, "process_start_time_seconds"],
  [1, "sockproxyd_notifications_repeating"],
  [2.5, "sockproxyd_notifications_untaken_seconds"],
  [1, "sockproxyd_failing_actions"],
  [1, "sockproxyd_notifications_waiting"],
  [2, "sockproxyd_notifications_in_flight"],
  [30, "sockproxyd_notifications_sent_total"],
  [4, "sockproxyd_notifications_retried_total"],
  [5, "sockproxyd_notifications_failed_total"],
  [6, "sockproxyd_final_notifications_waiting"],
  [7, "sockproxyd_final_notifications_lost_total"],
  [1, "sockproxyd_server_up", { port: "8125", server: "a:1" }],
  [0, "sockproxyd_server_up", { port: "8125", server: "b:1" }],
  [2, "sockproxyd_server_connections_open", { port: "8125", server: "a:1" }],
  [5, "sockproxyd_server_connections_total", { port: "8125", server: "a:1" }],
  [7, "sockproxyd_server_failures_total", { port: "8125", server: "b:1" }],
  [1, "sockproxyd_telegrams_waiting", { port: "8125" }],
  [20, "sockproxyd_telegrams_sent_total", { port: "8125" }],
  [8, "sockproxyd_telegrams_cache_hits_total", { port: "8125" }],
  [3, "sockproxyd_mux_clients", { port: "5020", target: "d:502" }],
  [2, "sockproxyd_mux_waiting", { port: "5020", target: "d:502" }],
  [1, "sockproxyd_mux_outstanding", { port: "5020", target: "d:502" }],
  [1, "sockproxyd_mux_links", { port: "5020", target: "d:502" }],
  [1, "sockproxyd_mux_down", { port: "5020", target: "d:502" }],
  [12, "sockproxyd_mux_requests_total", { port: "5020", target: "d:502" }],
  [11, "sockproxyd_mux_answers_total", { port: "5020", target: "d:502" }],
  [4, "sockproxyd_mux_cache_hits_total", { port: "5020", target: "d:502" }],
  [1, "sockproxyd_tunnel_links_open", { port: "7000" }],
  [0, "sockproxyd_tunnel_links_open", { port: "7001" }],
  [3, "sockproxyd_tunnel_clients_open", { port: "7000" }],
  [2, "sockproxyd_tunnel_links_total", { port: "7000" }],
  [30, "sockproxyd_tunnel_clients_total", { port: "7000" }],
  [4, "sockproxyd_tunnel_refused_total", { port: "7000" }],
  [8, "sockproxyd_tunnel_resumed_total", { port: "7000" }],
  [5, "sockproxyd_tunnel_stalled_total", { port: "7000" }],
  [7, "sockproxyd_tunnel_replaced_total", { port: "7000" }],
  [6, "sockproxyd_tunnel_turned_away_total", { port: "7000" }],
  [160, "sockproxyd_tunnel_received_bytes_total", { port: "7000" }],
  [170, "sockproxyd_tunnel_sent_bytes_total", { port: "7000" }],
  [1, "sockproxyd_device_links_open", { server: "s:7000" }],
  [1, "sockproxyd_device_clients_open", { server: "s:7000" }],
  [11, "sockproxyd_device_links_total", { server: "s:7000" }],
  [22, "sockproxyd_device_clients_total", { server: "s:7000" }],
  [33, "sockproxyd_device_refused_total", { server: "s:7000" }],
  [44, "sockproxyd_device_resumed_total", { server: "s:7000" }],
  [111, "sockproxyd_device_received_bytes_total", { server: "s:7000" }],
  [221, "sockproxyd_device_sent_bytes_total", { server: "s:7000" }],
  [1, "sockproxyd_watchers"],
  [3, "sockproxyd_messages_not_shown_total", { place: "console" }],
  [4, "sockproxyd_messages_not_shown_total", { place: '/tmp/a "b"\\c?d.log' }],
  [1, "sockproxyd_alerts_waiting"],
  [2, "sockproxyd_alerts_delivered_total"],
  [7, "sockproxyd_alerts_lost_total"],
  [5, "sockproxyd_descriptors_used"],
  [1024, "sockproxyd_descriptors_limit"],
  [6, "sockproxyd_log_lines_lost_total"],
];
for (const [wanted, name, labels] of expected) {
  test(`${name} ${JSON.stringify(labels ?? {})} is ${wanted}`, () => assert.equal(value(name, labels), wanted));
}

test("lines and devices with a name have it as a label", () => {
  const named = <T extends object>(all: readonly T[]): T[] => all.map((one) => ({ ...one, name: "mine" }));
  const { directs, tunnels, devices } = FULL_REPORT;
  const report = { ...FULL_REPORT, directs: named(directs), tunnels: named(tunnels), devices: named(devices) };
  const all = readExposition([...metricsText(report, USAGE)].join(""));
  for (const name of [
    "server_up",
    "telegrams_waiting",
    "tunnel_clients_open",
    "tunnel_stalled_total",
    "device_clients_open",
  ]) {
    const series = all.get(`sockproxyd_${name}`)?.series ?? [];
    assert.ok(series.length > 0 && series.every(({ labels }) => labels["name"] === "mine"), name);
  }
});

test("several devices of a line have a label each", () => {
  const [first] = FULL_REPORT.tunnels;
  assert.ok(first);
  const { port: _, turnedAway: __, ...slot } = first;
  const devices = ["barn", "mill"].map((device) => ({ ...slot, device }));
  const all = readExposition([...metricsText({ ...FULL_REPORT, tunnels: [{ ...first, devices }] }, USAGE)].join(""));
  for (const device of ["barn", "mill"]) {
    assert.equal(value("sockproxyd_tunnel_clients_open", { port: "7000", device }, all), 3);
    assert.equal(value("sockproxyd_tunnel_stalled_total", { port: "7000", device }, all), 5);
    assert.equal(value("sockproxyd_tunnel_replaced_total", { port: "7000", device }, all), 7);
  }
  assert.equal(value("sockproxyd_tunnel_turned_away_total", { port: "7000" }, all), 6);
  assert.equal(all.get("sockproxyd_tunnel_clients_open")?.series.length, 2);
});

test("a daemon that has just started has metrics, too, without those that it lacks", () => {
  const bare: DaemonReport = {
    ...FULL_REPORT,
    ...{ listeners: [], directs: [], muxes: [], tunnels: [], devices: [], connections: [], descriptors: { used: 0 } },
    ...{ monitor: { watchers: 0, notShown: {} } },
  };
  const few = readExposition([...metricsText(bare, USAGE)].join(""));
  assert.equal(value("sockproxyd_uptime_seconds", {}, few), 61.5);
  for (const name of few.keys())
    assert.doesNotMatch(name, /_mux_|_tunnel_|_device_|_server_|_telegrams_|descriptors_limit|not_shown|listener_up/);
});

test("counters, and only counters, end in _total; all names begin with the name of the program", () => {
  for (const [name, { type, help }] of families) {
    assert.match(name, /^(sockproxyd|process)_[a-z0-9_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.match(help, /^[A-Z19].*\.$/);
  }
});

test("no gauge and no histogram has the name of a counter without _total", () => {
  for (const [name, { type }] of families) {
    if (type === "counter") assert.equal(families.has(name.slice(0, -"_total".length)), false, name);
  }
});

test("problems are counted by severity and kind; those that there are not, too", () => {
  const words = { subject: "x", what: "", state: "" };
  const problem = { severity: "error", kind: "device-down", name: "x", since: "then", ...words, why: "" } as const;
  const problems = [problem, problem, { ...problem, severity: "warning", kind: "server-down" }] as const;
  const all = readExposition([...metricsText({ ...FULL_REPORT, problems }, USAGE)].join(""));
  const count = (severity: string, kind: string) => value("sockproxyd_problems", { severity, kind }, all);
  assert.deepEqual(
    [count("error", "device-down"), count("warning", "server-down"), count("error", "link-down")],
    [2, 1, 0],
  );
});

test("a line that listens on two addresses has one sample, and is up when both are", () => {
  const [first] = FULL_REPORT.listeners;
  assert.ok(first);
  for (const listeners of [
    [first, { ...first, problem: "in use" }],
    [{ ...first, problem: "in use" }, first],
  ]) {
    const all = readExposition([...metricsText({ ...FULL_REPORT, listeners }, USAGE)].join(""));
    assert.equal(value("sockproxyd_listener_up", { listener: first.name }, all), 0);
  }
});

test("every counter of a mux has a metric of its own", () => {
  const told = [...families.keys()].filter((name) => /^sockproxyd_mux_.*_total$/.test(name));
  assert.equal(told.length, Object.keys(muxCounters()).length);
});

test("durations are counted in cumulative classes, in seconds", () => {
  const name = "sockproxyd_notification_answer_seconds";
  const bucket = (le: string) => value(`${name}_bucket`, { le });
  assert.deepEqual(["0.001", "0.002", "0.005", "5", "+Inf"].map(bucket), [1, 1, 2, 2, 3]);
  assert.equal(value(`${name}_count`), 3);
  assert.equal(value(`${name}_sum`), 9.004); // rounded to milliseconds
  assert.equal(value("sockproxyd_notification_delay_seconds_bucket", { le: "+Inf" }), 0);
});

test("help and labels are escaped", () => {
  const metric = {
    name: "x",
    type: "gauge",
    help: 'a\\b\nc "d"',
    samples: [{ labels: { l: 'a\\b\nc\u202e "d"' }, value: 1 }],
  };
  assert.equal(
    [...expositionOf([metric as never])].join(""),
    '# HELP x a\\\\b\\nc "d"\n# TYPE x gauge\nx{l="a\\\\b?c? \\"d\\""} 1\n',
  );
});
