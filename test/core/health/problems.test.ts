import assert from "node:assert/strict";
import { test } from "node:test";
import { type HealthFacts, problemsOf } from "#src/core/health/problems.js";
import type { NotificationsStatus } from "#src/core/status/daemon-status.js";
import { gatherNow } from "#src/core/status/gathering.js";
import type { SlotStatus, TunnelStatus } from "#src/core/tunnel/tunnel-status.js";
import { muxStatus } from "../../support/mux-status.js";

const NO_TIMES = { count: 0, sumMs: 0, maxMs: 0, classes: [] };
const NOTIFICATIONS: NotificationsStatus = {
  ...{ waiting: 0, repeating: 0, inFlight: 0, sent: 0, retried: 0, failed: 0 },
  ...{ delay: NO_TIMES, answer: NO_TIMES, failing: [], farewells: { waiting: 0, givenUp: 0 } },
};
const SLOT: SlotStatus = {
  ...{ exposed: [], listening: true, received: 0, sent: 0, links: 0, clients: 0 },
  ...{ refused: 0, stalled: 0, replaced: 0, resumed: 0 },
};
const TUNNEL: TunnelStatus = { ...SLOT, port: 7000, turnedAway: 0 };
const DEVICE: HealthFacts["devices"][number] = {
  ...{ server: "hub:7000", services: "", connected: true, links: 0, clients: 0, resumed: 0, refused: 0 },
  ...{ received: 0, sent: 0 },
};
const LISTENER = { kind: "direct", name: "direct bus (port 1)", address: "::", port: 1, section: "bus" };
const SERVER = { address: "a:1", active: 0, total: 0, failures: 0, since: "then" };
const TELEGRAMS = { waiting: 0, waitingClients: 0, sent: 0, cacheHits: 0 };

/** The problems of a daemon that is well, with these changes: `severity kind name since: why`. */
function shown(changes: Partial<HealthFacts>): string[] {
  const well = { vera: "http://hub", listeners: [], directs: [], muxes: [], tunnels: [], devices: [] };
  const facts = { ...well, notifications: NOTIFICATIONS, ...changes };
  return gatherNow(problemsOf(facts, (ms) => `${ms} ago`)).map(({ severity, kind, name, since, why, line = "-" }) =>
    [severity, kind, name, since, why, line].join(" | "),
  );
}

const down = { down: true, downMs: 5, reason: "refused" } as const;
const notifications = (more: Partial<NotificationsStatus>) => ({
  notifications: { ...NOTIFICATIONS, ...more },
});
const away = { ms: 7, why: "connection refused" };
const failing = [
  { action: "5/s/a", count: 2, ms: 9, why: "status 500", fault: "action" },
  { action: "6/s/a", count: 1, ms: 9, why: "connection refused", fault: "engine" },
] as const;

const CASES: readonly (readonly [title: string, changes: Partial<HealthFacts>, problems: readonly string[]])[] = [
  ["nothing", {}, []],
  [
    "a port that cannot be listened on",
    { listeners: [LISTENER, { ...LISTENER, problem: "in use", problemMs: 3 }] },
    ["error | listener-down | direct bus (port 1) | 3 ago | in use | bus"],
  ],
  ["a device that is there", { muxes: [muxStatus()] }, []],
  [
    "a device down with a client",
    { muxes: [muxStatus({ ...down, name: "inverter" })] },
    ["error | device-down | inverter | 5 ago | 192.0.2.1:502: refused | inverter"],
  ],
  ["a device down that nobody asks", { muxes: [muxStatus({ ...down, clientCount: 0 })] }, []],
  [
    "a device down that was asked a minute ago",
    { muxes: [muxStatus({ ...down, clientCount: 0, askedMs: 60_000 })] },
    ["error | device-down | 5020 | 5 ago | 192.0.2.1:502: refused | 5020"],
  ],
  ["a device down that was asked longer ago", { muxes: [muxStatus({ ...down, clientCount: 0, askedMs: 60_001 })] }, []],
  [
    "a device down that is polled, however seldom",
    { muxes: [muxStatus({ ...down, clientCount: 0, values: [{ name: "a", pollMs: 600_000, state: "stale" }] })] },
    ["error | device-down | 5020 | 5 ago | 192.0.2.1:502: refused | 5020"],
  ],
  [
    "a device down whose values are published when they pass",
    { muxes: [muxStatus({ ...down, clientCount: 0, values: [{ name: "a", state: "stale" }] })] },
    [],
  ],
  ["two lost answers", { muxes: [muxStatus({ unanswered: 2, silentMs: 99_999, askedMs: 1 })] }, []],
  ["three within a moment", { muxes: [muxStatus({ unanswered: 3, silentMs: 9999, askedMs: 1 })] }, []],
  [
    "a silent device that nobody asks any more",
    { muxes: [muxStatus({ unanswered: 3, silentMs: 99_999, askedMs: 60_001 })] },
    [],
  ],
  [
    "a silent unit behind a gateway; one that nobody asks any more",
    {
      muxes: [
        muxStatus({
          silentUnits: [
            { unit: 3, ms: 40_000, missedMs: 30_000 },
            { unit: 4, ms: 99_999, missedMs: 60_001 },
          ],
        }),
      ],
    },
    [
      "warning | device-silent | 5020 unit 3 | 40000 ago | 192.0.2.1:502: unit 3 does not answer while others do | 5020",
    ],
  ],
  [
    "a silent device",
    {
      muxes: [
        muxStatus({
          unanswered: 3,
          silentMs: 10_000,
          askedMs: 60_000,
          silentUnits: [{ unit: 3, ms: 40_000, missedMs: 1 }],
        }),
      ],
    },
    ["warning | device-silent | 5020 | 10000 ago | 192.0.2.1:502: 3 requests without an answer | 5020"],
  ],
  ["a device of a tunnel that is there", { tunnels: [TUNNEL] }, []],
  [
    "a tunnel just without its device",
    { tunnels: [{ ...TUNNEL, absentMs: 59_999, reason: "link lost" }] },
    ["warning | link-down | 7000 | 59999 ago | link lost | 7000"],
  ],
  [
    "a tunnel without its device for a minute",
    { tunnels: [{ ...TUNNEL, name: "farm", absentMs: 60_000, reason: "link lost" }] },
    ["error | link-down | farm | 60000 ago | link lost | farm"],
  ],
  [
    "one device of several",
    {
      tunnels: [
        {
          ...{ ...TUNNEL, name: "farm" },
          devices: [
            { ...SLOT, device: "barn" },
            { ...SLOT, device: "shed", absentMs: 60_000, reason: "none yet" },
          ],
        },
      ],
    },
    ["error | link-down | farm shed | 60000 ago | none yet | farm"],
  ],
  [
    "this machine without its server",
    { devices: [DEVICE, { ...DEVICE, name: "here", absentMs: 70_000, reason: "refused" }] },
    ["warning | server-link-down | here | 70000 ago | hub:7000: refused | here"],
  ],
  [
    "this machine without one of the servers of a section",
    {
      devices: [
        { ...DEVICE, name: "home" },
        { ...DEVICE, name: "home", server: "two:7000", absentMs: 9, reason: "refused" },
      ],
    },
    ["warning | server-link-down | home two:7000 | 9 ago | two:7000: refused | home"],
  ],
  [
    "servers of a direct port, errors first",
    {
      directs: [
        {
          ...{ port: 1, balance: "order", telegrams: TELEGRAMS },
          servers: [
            { ...SERVER, state: "up" },
            { ...SERVER, address: "b:1", state: "down", reason: "refused" },
          ],
        },
        { port: 2, balance: "order", telegrams: TELEGRAMS, servers: [{ ...SERVER, state: "down", reason: "gone" }] },
      ],
      muxes: [muxStatus(down)],
    },
    [
      "error | device-down | 5020 | 5 ago | 192.0.2.1:502: refused | 5020",
      "warning | server-down | 1 b:1 | then | b:1: refused | 1",
      "warning | server-down | 2 | then | a:1: gone | 2",
    ],
  ],
  ["notifications that wait for less than a minute", notifications({ waiting: 1, untakenMs: 59_999 }), []],
  [
    "notifications that nobody takes for a minute",
    notifications({ waiting: 1, inFlight: 1, untakenMs: 60_000 }),
    ["error | notifications-down | http://hub | 60000 ago | 2 notifications wait | -"],
  ],
  ["an engine that is away while none waits", notifications({ untakenMs: 60_000, away }), []],
  [
    "an engine that is away",
    notifications({ waiting: 1, untakenMs: 5, away }),
    ["warning | notifications-down | http://hub | 7 ago | 1 notification waits: connection refused | -"],
  ],
  [
    "a plugin that fails",
    notifications({ failing }),
    ["warning | plugin-failing | 5/s/a | 9 ago | status 500; 2 connections | -"],
  ],
];

for (const [title, changes, problems] of CASES) {
  test(`problems: ${title}`, () => assert.deepEqual(shown(changes), problems));
}

test("a problem has its words, and the cause that others have, too", () => {
  const muxes = [muxStatus({ ...down, name: "inverter", reason: "connect ECONNREFUSED 192.0.2.1:502" })];
  const facts = { vera: "http://hub", listeners: [], directs: [], muxes, tunnels: [], devices: [] };
  const [device, engine, plugin] = gatherNow(
    problemsOf({ ...facts, ...notifications({ failing, waiting: 1, untakenMs: 60_000 }) }, () => "then"),
  );
  assert.ok(device && engine && plugin);
  assert.deepEqual(
    [device.subject, device.what, device.state, device.cause],
    ["inverter", "cannot be reached", "not reached", "connect ECONNREFUSED"],
  );
  assert.deepEqual([engine.subject, engine.what], ["The Luup engine (http://hub)", "takes no notifications"]);
  assert.deepEqual([plugin.why, plugin.cause], ["status 500; 2 connections", "status 500"]);
});
