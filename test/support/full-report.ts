import { muxCounters } from "#src/core/mux/mux-status.js";
import type { ConnectionReport, DaemonReport, ListenerStatus } from "#src/core/status/daemon-status.js";
import { Histogram } from "#src/core/status/histogram.js";
import type { ProcessUsage } from "#src/core/status/process-usage.js";

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

/** A histogram of these times. */
function times(...ms: number[]) {
  const histogram = new Histogram();
  for (const time of ms) histogram.add(time);
  return histogram.status;
}

/** The status of a daemon with something of every kind. */
export const FULL_REPORT: DaemonReport = {
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
      standing: { topic: "bus", connected: true, sinceMs: 1, received: 41, sent: 42, refused: 43 },
    },
  ],
  muxes: [
    {
      ...muxCounters(),
      unanswered: 0,
      response: { p50Ms: 12, p99Ms: 250 },
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
      values: [
        { name: "power", unit: "W", value: 4711, ageMs: 3700, state: "good" },
        { name: "pump", value: true, ageMs: 100, state: "good" },
        { name: "model", value: "SUN2000", ageMs: 100, state: "good" },
        { name: "yield", unit: "kWh", state: "waiting" },
      ],
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
  events: { readers: 2, leftOut: 5 },
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
    repeating: 1,
    failing: [{ action: "5/urn:x/Act", count: 1, ms: 9, why: "status 500", fault: "action" }],
    untakenMs: 2500,
    waiting: 1,
    inFlight: 2,
    farewells: { waiting: 6, givenUp: 7 },
    sent: 30,
    retried: 4,
    failed: 5,
    delay: times(),
    answer: times(0.5, 3, 9000),
  },
  webhooks: [
    {
      ...{ name: "reactor", origin: "http://r:8111", waiting: 51, repeating: 1, inFlight: 52, sent: 53, retried: 54 },
      ...{ failed: 55, delay: times(), answer: times(500), failingMs: 56_000, why: "status 404" },
    },
  ],
  alerts: { waiting: 1, delivered: 2, givenUp: 3, dropped: 4 },
  mqtt: {
    ...{ broker: "b:1883", prefix: "p", connected: true, sinceMs: 5, lacks: [], waiting: 31, waitingBytes: 32 },
    ...{ published: 33, received: 34, dropped: 35, droppedNow: 0, connects: 36, sharedWith: [] },
  },
  parking: { connections: 37, bytes: 38 },
  logLinesLost: 6,
  connections: [
    connection("proxy port 2504"),
    connection("proxy port 2504", "setup"),
    connection("proxy port 2504", "closing"),
    connection("direct port 9999"),
  ],
};

/** What its process takes. */
export const USAGE: ProcessUsage = {
  ...{ cpuSeconds: 1.5, residentBytes: 50_000_000, virtualBytes: 700_000_000, openDescriptors: 21 },
  startSeconds: 1_700_000_000.25,
};
