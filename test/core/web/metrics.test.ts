import assert from "node:assert/strict";
import { test } from "node:test";
import { muxCounters } from "#src/core/mux/mux-status.js";
import type { ConnectionReport, DaemonReport, ListenerStatus } from "#src/core/status/daemon-status.js";
import { Histogram } from "#src/core/status/histogram.js";
import { expositionOf } from "#src/core/web/exposition.js";
import { metricsText } from "#src/core/web/metrics.js";
import { readExposition } from "../../support/exposition.js";

function listener(kind: string, port: number, problem?: string): ListenerStatus {
  return { kind, name: `${kind} port ${port}`, address: "::", port, ...(problem !== undefined && { problem }) };
}

function connection(name: string, phase: ConnectionReport["phase"] = "echo"): ConnectionReport {
  return {
    ...{ id: "1", listener: name, phase },
    get status(): never {
      throw new Error("only to be counted");
    },
  };
}

function times(...ms: number[]) {
  const histogram = new Histogram();
  for (const time of ms) histogram.add(time);
  return histogram.status;
}

/** The status of a daemon with something of every kind. */
const STATUS: DaemonReport = {
  version: "1.2.3",
  build: 10_203,
  pid: 1,
  startedAt: "",
  uptimeMs: 61_500,
  vera: "http://me:***@hub",
  listeners: [listener("proxy", 2504), listener("direct", 8125, "already in use"), listener("web", 8080)],
  directs: [
    {
      port: 8125,
      balance: "first",
      telegrams: { waiting: 1, waitingClients: 1, sent: 20, cacheHits: 8 },
      servers: [
        { address: "a:1", state: "up", since: "", active: 2, total: 5, failures: 0 },
        { address: "b:1", state: "down", since: "", active: 0, total: 1, failures: 7 },
      ],
    },
  ],
  muxes: [
    {
      ...muxCounters(),
      unanswered: 0,
      requests: 12,
      answers: 11,
      cacheHits: 4,
      port: 5020,
      protocol: "modbus",
      mode: "request",
      target: "d:502",
      responses: { count: 11, sumMs: 40 },
      clientCount: 3,
      waiting: 2,
      outstanding: 1,
      pool: 2,
      links: [
        { state: "busy", address: "d:502", ageMs: 1, idleMs: 1, requests: 1 },
        { state: "connecting", address: "d:502", ageMs: 1, idleMs: 1, requests: 1 },
      ],
      ...{ down: true, failed: 0, joining: 0, open: 1, load: 0.25, clients: [] },
    },
  ],
  tunnels: [
    {
      ...{ port: 7000, exposed: ["0.0.0.0:8023>10.41.51.152:23"], listening: true },
      ...{
        links: 2,
        clients: 30,
        refused: 4,
        stalled: 5,
        replaced: 7,
        resumed: 8,
        turnedAway: 6,
        received: 160,
        sent: 170,
      },
      link: { address: "d:5000", ageMs: 1, clients: 3, received: 60, sent: 70 },
    },
    {
      ...{
        port: 7001,
        exposed: [],
        listening: false,
        links: 0,
        clients: 0,
        refused: 0,
        stalled: 0,
        replaced: 0,
        resumed: 0,
        turnedAway: 0,
      },
      ...{ received: 0, sent: 0 },
    },
  ],
  devices: [
    {
      ...{ server: "s:7000", services: "a:1", connected: true, links: 1, clients: 2, refused: 3, resumed: 4 },
      ...{ received: 11, sent: 21 },
      link: { address: "s:7000", ageMs: 1, clients: 1, received: 10, sent: 20 },
    },
    {
      ...{ server: "s:7000", services: "b:2", connected: false, links: 10, clients: 20, refused: 30, resumed: 40 },
      ...{ received: 100, sent: 200 },
    },
  ],
  monitor: { watchers: 1, notShown: { console: 3, '/tmp/a "b"\\c\nd.log': 4 } },
  traffic: {
    connections: 9,
    received: 123_456_789_012,
    sent: 77,
    resets: 3,
    datagramsDropped: { slow: 1, foreign: 2, unsent: 3 },
  },
  lines: { "proxy port 2504": { connections: 9, received: 5, sent: 7 } },
  clients: {
    "proxy port 2504": { silent: 11, refused: 12, replaced: 0 },
    "expose port 1": { silent: 0, refused: 0, replaced: 13 },
  },
  descriptors: { used: 5, limit: 1024 },
  problems: [],
  notifications: {
    repeating: 0,
    failing: [],
    waiting: 1,
    inFlight: 2,
    farewells: { waiting: 6, givenUp: 7 },
    sent: 30,
    retried: 4,
    failed: 5,
    delay: times(),
    answer: times(0.5, 3, 9000),
  },
  alerts: { waiting: 1, delivered: 2, givenUp: 3, dropped: 4 },
  logLinesLost: 6,
  connections: [
    connection("proxy port 2504"),
    connection("proxy port 2504", "setup"),
    connection("proxy port 2504", "closing"),
    connection("direct port 9999"),
  ],
};

const families = readExposition([...metricsText(STATUS)].join(""));

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
  [1, "sockproxyd_build_info", { version: "1.2.3" }],
  [61.5, "sockproxyd_uptime_seconds"],
  [1, "sockproxyd_listener_up", { listener: "proxy port 2504" }],
  [0, "sockproxyd_listener_up", { listener: "direct port 8125" }],
  [1, "sockproxyd_listener_up", { listener: "web port 8080" }],
  [2, "sockproxyd_connections", { listener: "proxy port 2504" }],
  [0, "sockproxyd_connections", { listener: "direct port 8125" }],
  [1, "sockproxyd_connections", { listener: "direct port 9999" }],
  [9, "sockproxyd_connections_total"],
  [11, "sockproxyd_silent_connections_total", { listener: "proxy port 2504" }],
  [12, "sockproxyd_refused_connections_total", { listener: "proxy port 2504" }],
  [13, "sockproxyd_replaced_connections_total", { listener: "expose port 1" }],
  [123_456_789_012, "sockproxyd_received_bytes_total"],
  [77, "sockproxyd_sent_bytes_total"],
  [1, "sockproxyd_notifications_waiting"],
  [2, "sockproxyd_notifications_in_flight"],
  [30, "sockproxyd_notifications_sent_total"],
  [4, "sockproxyd_notifications_retried_total"],
  [5, "sockproxyd_notifications_failed_total"],
  [6, "sockproxyd_final_notifications_waiting"],
  [7, "sockproxyd_final_notifications_lost_total"],
  [1, "sockproxyd_server_up", { port: "8125", server: "a:1" }],
  [0, "sockproxyd_server_up", { port: "8125", server: "b:1" }],
  [2, "sockproxyd_server_connections", { port: "8125", server: "a:1" }],
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
  [1, "sockproxyd_tunnel_links", { port: "7000" }],
  [0, "sockproxyd_tunnel_links", { port: "7001" }],
  [3, "sockproxyd_tunnel_clients", { port: "7000" }],
  [2, "sockproxyd_tunnel_links_total", { port: "7000" }],
  [30, "sockproxyd_tunnel_clients_total", { port: "7000" }],
  [4, "sockproxyd_tunnel_refused_total", { port: "7000" }],
  [8, "sockproxyd_tunnel_resumed_total", { port: "7000" }],
  [5, "sockproxyd_tunnel_stalled_total", { port: "7000" }],
  [7, "sockproxyd_tunnel_replaced_total", { port: "7000" }],
  [6, "sockproxyd_tunnel_turned_away_total", { port: "7000" }],
  [160, "sockproxyd_tunnel_received_bytes_total", { port: "7000" }],
  [170, "sockproxyd_tunnel_sent_bytes_total", { port: "7000" }],
  [1, "sockproxyd_device_links", { server: "s:7000" }],
  [1, "sockproxyd_device_clients", { server: "s:7000" }],
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
  const { directs, tunnels, devices } = STATUS;
  const report = { ...STATUS, directs: named(directs), tunnels: named(tunnels), devices: named(devices) };
  const all = readExposition([...metricsText(report)].join(""));
  for (const name of ["server_up", "telegrams_waiting", "tunnel_clients", "tunnel_stalled_total", "device_clients"]) {
    const series = all.get(`sockproxyd_${name}`)?.series ?? [];
    assert.ok(series.length > 0 && series.every(({ labels }) => labels["name"] === "mine"), name);
  }
});

test("several devices of a line have a label each", () => {
  const [first] = STATUS.tunnels;
  assert.ok(first);
  const { port: _, turnedAway: __, ...slot } = first;
  const devices = ["barn", "mill"].map((device) => ({ ...slot, device }));
  const all = readExposition([...metricsText({ ...STATUS, tunnels: [{ ...first, devices }] })].join(""));
  for (const device of ["barn", "mill"]) {
    assert.equal(value("sockproxyd_tunnel_clients", { port: "7000", device }, all), 3);
    assert.equal(value("sockproxyd_tunnel_stalled_total", { port: "7000", device }, all), 5);
    assert.equal(value("sockproxyd_tunnel_replaced_total", { port: "7000", device }, all), 7);
  }
  assert.equal(value("sockproxyd_tunnel_turned_away_total", { port: "7000" }, all), 6);
  assert.equal(all.get("sockproxyd_tunnel_clients")?.series.length, 2);
});

test("a daemon that has just started has metrics, too, without those that it lacks", () => {
  const bare: DaemonReport = {
    ...STATUS,
    ...{ listeners: [], directs: [], muxes: [], tunnels: [], devices: [], connections: [], descriptors: { used: 0 } },
    ...{ monitor: { watchers: 0, notShown: {} } },
  };
  const few = readExposition([...metricsText(bare)].join(""));
  assert.equal(value("sockproxyd_uptime_seconds", {}, few), 61.5);
  for (const name of few.keys())
    assert.doesNotMatch(name, /_mux_|_tunnel_|_device_|_server_|_telegrams_|descriptors_limit|not_shown|listener_up/);
});

test("counters, and only counters, end in _total; all names begin with the name of the program", () => {
  for (const [name, { type, help }] of families) {
    assert.match(name, /^sockproxyd_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.match(help, /^[A-Z1].*\.$/);
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
