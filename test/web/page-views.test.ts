import assert from "node:assert/strict";
import { after, test } from "node:test";
import { wordsOf } from "#src/core/health/problem.js";
import { daemonHere } from "../support/in-process.js";
import { clientStatus, muxStatus } from "../support/mux-status.js";
import { pageModule } from "../support/page.js";

const { worldOf } = await pageModule("world");
const { textOf } = await pageModule("tree");
const { overview } = await pageModule("overview");
const { lineView } = await pageModule("line");
const { connectionView } = await pageModule("connection");
const { connectionsView, searchView } = await pageModule("lists");
const { logLine, messageLine } = await pageModule("log-lines");
const { announcement } = await pageModule("problems");

const EVIL = "<img src=x onerror=alert(1)>\u202e\x1b[31m\u0000".repeat(40);
const LINK = { address: "10.0.0.9:4000", ageMs: 61_000, clients: 3, received: 10, sent: 20 };
const TUNNEL = {
  ...{ links: 2, clients: 30, refused: 0, resumed: 4, received: 1000, sent: 2000, stalled: 0, replaced: 0 },
  turnedAway: 0,
  listening: true,
};
const { daemon } = await daemonHere();
after(() => daemon.stop("the tests have ended"));
const base = { ...daemon.status, startedAt: "2026-01-31T12:00:00.000+01:00", uptimeMs: 3_600_000, connections: [] };

/** All the text of a view, parts with a bar between. */
function shown(
  view: (world: unknown, subject: string) => unknown,
  status: object,
  subject = "",
  ui: object = {},
): string {
  const world = worldOf(
    { ...base, ...status },
    undefined,
    { allowed: false, why: "not from there" },
    { order: { key: "", descending: false }, limit: 100, ...ui },
  );
  const all = [view(world, subject)].flat(5).filter((part) => typeof part === "object") as Tree[];
  return all.map(told).join("|");
}

interface Tree {
  readonly children: readonly (Tree | string)[];
}

function told(tree: Tree | string): string {
  return typeof tree === "string" ? tree : tree.children.map(told).join("|");
}

const connection = (more: object = {}): object => ({
  ...{
    id: "18c",
    phase: "echo",
    listener: "proxy port 2504",
    client: "192.0.2.7",
    clientPort: 5000,
    openedAt: "2026-01-31T12:10:00.000+01:00",
  },
  ...{ remote: "192.0.2.9:10", ageMs: 61_000, received: 1234, sent: 56 },
  ...more,
});

test("what is wrong comes first, with since when and why, and marks its device", () => {
  const problem = {
    severity: "error",
    kind: "device-down",
    name: "inverter",
    ...wordsOf("device-down", "inverter"),
    line: "inverter",
    since: "2026-01-31T12:55:00.000+01:00",
    why: "192.0.2.1:502: refused",
  };
  const text = shown(overview, { muxes: [muxStatus({ name: "inverter" })], problems: [problem] });
  assert.match(
    text,
    /^\|?One thing needs attention\|.*inverter\| cannot be reached\|192\.0\.2\.1:502: refused\|since 12:55\|5 min 0 s.*Device\|\|?not reached\|inverter/,
  );
  assert.match(shown(overview, {}), /^\|?All is well\|/);
  assert.equal(announcement([problem]), "1 problem: inverter cannot be reached.");
});

test("many problems with one cause are one, and many plugins with one fault, too", () => {
  const problems = Array.from({ length: 50 }, (_, index) => ({
    severity: "warning",
    kind: "plugin-failing",
    name: `${index}/s/a`,
    ...wordsOf("plugin-failing", `${index}/s/a`),
    since: "2026-01-31T12:55:00.000+01:00",
    why: index === 0 ? "status 500; 2 connections" : "status 500",
    ...(index === 0 && { cause: "status 500" }),
  }));
  const connections = problems.map(({ name }, index) =>
    connection({
      id: `1a${index}`,
      notify: { target: `${name}/1a${index}`, sent: 0, retried: 9, failed: 1, failingMs: 9, lastOutcome: "status 500" },
    }),
  );
  const text = shown(overview, { problems, connections });
  assert.match(text, /^\|?50 things need attention\|/);
  assert.match(
    text,
    /Device 0 \(s\), Device 1 \(s\), Device 2 \(s\) and 47 more\|: not notified\|status 500\|All 50\|/,
  );
  assert.match(text, /not notified\|50 plugins\|Device 0, Device 1, Device 2 and 47 more\|Last answer: status 500/);
  assert.equal(text.split("Last answer").length, 2);
  assert.equal(announcement(problems), "50 problems: 0/s/a, 1/s/a, 2/s/a and 47 more: not notified.");
  assert.equal(shown(overview, { problems: problems.slice(1, 4), connections: [] }).split("status 500").length, 4);
});

test("the last hour of a daemon without devices has traffic and notifications only", () => {
  const text = shown(overview, {});
  assert.match(text, /Traffic/);
  assert.doesNotMatch(text, /Slowest device/);
  assert.match(text, /Devices, plugins, tunnels\|\|?None yet\./);
  assert.match(text, /Reload configuration\|not from there/);
});

test("each tunnel has a tile, each of several devices its own, each server of ours, too", () => {
  const slot = { ...TUNNEL, exposed: ["0.0.0.0:80>h:80"] };
  const text = shown(overview, {
    tunnels: [
      {
        ...slot,
        port: 7000,
        name: "farm",
        devices: [
          { ...slot, device: "barn", link: LINK },
          { ...slot, device: "mill", listening: false },
        ],
      },
      { ...slot, port: 7001, link: { ...LINK, resuming: true } },
    ],
    devices: [{ ...TUNNEL, server: "hub:7000", services: "h:80", connected: false, problem: "refused" }],
  });
  assert.match(text, /Tunnel\|\|?linked\|farm · barn\|0\.0\.0\.0:80 → h:80 · 10\.0\.0\.9:4000 for 1 min 1 s/);
  assert.match(text, /no device\|farm · mill/);
  assert.match(text, /waits to resume\|port 7001/);
  assert.match(text, /Link to a server\|\|?not connected\|hub:7000\|h:80\|refused/);
});

test("the view of a device shows who asks for what; what seldom happens only when it does", () => {
  const counts = { requests: 1234, answers: 30, cacheHits: 1200, failed: 4 };
  const clients = [
    clientStatus({ ...counts, rate: 2.5, waitedMs: 3600, deviceMs: 1500 }),
    clientStatus({ id: "18d", connected: false, refused: 1 }),
  ];
  const text = shown(
    lineView,
    {
      muxes: [muxStatus({ ...counts, refused: 1, name: "inverter", clients, response: { p50Ms: 4.04, p99Ms: 1234 } })],
    },
    "5020",
  );
  assert.match(text, /Client\|Per second\|Requests\|Answered\|Cached\|Joined\|Failed\|Refused\|Wait\|Device time/);
  assert.match(text, /192\.0\.2\.7\| 18c\|2\.5\|1,234\|30\|1,200\|0\|4\|0\|2\.9 ms\|50 ms/);
  assert.match(text, /192\.0\.2\.7 \(gone\)\| 18d/);
  assert.match(text, /Half of the answers\|within 4\.0 ms/);
  assert.match(shown(lineView, {}, "9"), /Not here/);
});

test("plugins are those that are notified, one tile for all connections of one action", () => {
  const notify = {
    target: "123/urn:demo:serviceId:Thermo1/Handle/",
    sent: 7,
    retried: 1,
    failed: 2,
    lastOutcome: "ERROR: Invalid Service",
  };
  const connections = [
    connection({ notify }),
    connection({ id: "18d", notify: { ...notify, target: "123/urn:demo:serviceId:Thermo1/Handle/x" } }),
  ];
  const text = shown(overview, { connections });
  assert.match(
    text,
    /Plugin\|\|?notified\|Device 123\|Thermo1 · 192\.0\.2\.9:10 · 2 connections\|Last answer: ERROR: Invalid Service\|Notified\|14\|Repeated\|2\|Failed\|4/,
  );
});

test("a notification that fails is seen on the tile and at the connection: why, for how long, and when it is repeated", () => {
  const notify = { target: "5/urn:x:S/Act/p", sent: 1, retried: 3, failed: 4, lastOutcome: "status 500, broken" };
  const failing = { notify: { ...notify, failingMs: 65_000, repeatInMs: 4000 } };
  const connections = [connection(failing), connection({ id: "18d", notify: { ...notify, lastOutcome: "delivered" } })];
  const text = shown(overview, { connections });
  assert.match(text, /not notified\|Device 5\|.*Last answer: status 500, broken\|.*To be repeated\|1/);
  assert.match(
    shown(connectionView, { connections }, "18c"),
    /Last outcome\|status 500, broken\|Fails for\|1 min 5 s\|Repeated in\|4 s/,
  );
  assert.doesNotMatch(shown(connectionView, { connections }, "18d"), /Fails for|Repeated in/);
});

test("a connection is shown while it is there, and said to have ended afterwards", () => {
  const there = { connections: [connection()] };
  assert.match(
    shown(connectionView, there, "18c"),
    /192\.0\.2\.7\|:5000\| → 192\.0\.2\.9:10.*Close connection\|not from there.*Received\|1\.2 kB/,
  );
  assert.match(shown(connectionView, {}, "18c", { last: connection() }), /has ended.*1\.2 kB/);
  assert.match(shown(connectionView, {}, "other", { last: connection() }), /Not here/);
});

test("of a thousand connections a hundred are shown, and a search finds the last", () => {
  const connections = Array.from({ length: 1000 }, (_, index) =>
    connection({ id: `id${index}`, clientPort: 10_000 + index }),
  );
  const text = shown(connectionsView, { connections });
  assert.equal(text.match(/192\.0\.2\.7:/g)?.length, 100);
  assert.match(text, /100 of 1,000 are shown/);
  assert.match(shown(searchView, { connections }, "ID999"), /1 match.*192\.0\.2\.7:10999/);
});

test("hostile values become plain text in every view", () => {
  const status = {
    vera: EVIL,
    listeners: [{ kind: "proxy", name: EVIL, address: EVIL, port: 5020, remote: EVIL, problem: EVIL }],
    muxes: [muxStatus({ name: EVIL, target: EVIL, clients: [clientStatus({ address: EVIL, id: EVIL })] })],
    directs: [
      {
        port: 9,
        name: EVIL,
        balance: "",
        servers: [{ address: EVIL, state: "down", since: EVIL, reason: EVIL, active: 0, total: 0, failures: 0 }],
      },
    ],
    connections: [
      connection({
        id: "x",
        listener: EVIL,
        client: EVIL,
        remote: EVIL,
        clientTls: EVIL,
        options: { [EVIL]: EVIL },
        notify: { target: EVIL, sent: 1, retried: 0, failed: 0, lastOutcome: EVIL },
      }),
    ],
    problems: [
      { severity: "error", kind: EVIL, name: EVIL, subject: EVIL, what: EVIL, state: EVIL, since: EVIL, why: EVIL },
    ],
  };
  const texts = [
    shown(overview, status),
    shown(lineView, status, "5020"),
    shown(lineView, status, "9"),
    shown(connectionView, status, "x"),
    shown(connectionsView, status),
    shown(searchView, status, "<img"),
    told(logLine({ time: EVIL, level: EVIL, text: EVIL })),
    told(
      messageLine({ time: EVIL, direction: EVIL, connection: EVIL, client: EVIL, message: EVIL, fault: EVIL }, true),
    ),
  ];
  for (const text of texts) {
    assert.match(text, /<img src=x/);
    assert.doesNotMatch(text, /[\p{Cc}\u202e]/u);
  }
});

test("a problem marks the thing that has it, and no other one of its line", () => {
  const link = { ...TUNNEL, name: "cabin", services: "h:80", connected: true };
  const problem = (kind: "server-link-down" | "link-down" | "listener-down", name: string, line: string) => ({
    ...{ severity: "warning", kind, name, line, ...wordsOf(kind, name), why: "refused" },
    since: "2026-01-31T12:55:00.000+01:00",
  });
  const slot = { ...TUNNEL, exposed: ["0.0.0.0:80>h:80"], link: LINK };
  const text = shown(overview, {
    problems: [
      problem("server-link-down", "cabin b:7000", "cabin"),
      problem("link-down", "farm mill", "farm"),
      problem("listener-down", "expose x", "yard"),
    ],
    muxes: [muxStatus({ name: "farm" })],
    tunnels: [
      { ...slot, port: 7000, name: "farm", devices: ["barn", "mill"].map((device) => ({ ...slot, device })) },
      { ...slot, port: 7001, name: "yard" },
    ],
    devices: ["a:7000", "b:7000"].map((server) => ({ ...link, server, link: LINK })),
  });
  const tiles = text.slice(text.indexOf("Device|"));
  assert.match(tiles, /no link\|farm\|.*linked\|farm · barn\|.*no device\|farm · mill\|.*cannot listen\|yard\|/);
  assert.match(tiles, /linked\|cabin\|a:7000.*not connected\|cabin\|b:7000/);
});

test("the broker and webhooks have tiles; a connection says what it tells on which way, and the search finds both", () => {
  const notify = { sent: 3, retried: 0, failed: 1, lastOutcome: "status 404" };
  const numbers = { published: 7, received: 0, waiting: 4, waitingBytes: 90, dropped: 2, connects: 1 };
  const status = {
    mqtt: {
      ...{ broker: "10.0.0.1:1883", prefix: "house", connected: false, sinceMs: 5000, why: "refused" },
      ...{ ...numbers, lacks: ["qos"], droppedNow: 2 },
    },
    webhooks: [
      {
        ...{ name: "reactor", origin: "http://r:8111", waiting: 1, inFlight: 1, sent: 3, retried: 2, failed: 1 },
        ...{ failingMs: 900, why: "status 404" },
      },
    ],
    connections: [
      connection({ tells: ["webhook reactor", "mqtt door/bell"].map((target) => ({ ...notify, target })) }),
    ],
  };
  const text = shown(overview, status);
  assert.match(text, /MQTT broker\|\|?not reached\|10\.0\.0\.1:1883\|house\/…\|refused\. 2 dropped .* no QoS 1\|/);
  assert.match(text, /Webhook\|\|?not taken\|reactor\|http:\/\/r:8111\|Last answer: status 404\|.*Waiting\|2\|/);
  assert.match(
    shown(connectionView, status, "18c"),
    /Told to the webhook reactor\|Sent\|3\|.*Published at house\/door\/bell\|/,
  );
  assert.match(shown(searchView, status, "webhook reactor"), /2 matches.*webhook reactor: 3 sent, 1 failed/);
  assert.match(shown(searchView, status, "mqtt"), /2 matches/);
});

test("what is parked, and what stays connected without a client, is seen where it is looked for", () => {
  const parked = { phase: "parked", parked: { bytes: 1200, restMs: 61_000 } };
  const status = { connections: [connection(parked)], parking: { connections: 1, bytes: 1200 } };
  assert.match(shown(connectionsView, status), /192\.0\.2\.9:10 \|\|parked, 1\.2 kB, 1 min 1 s left\|/);
  assert.match(shown(overview, status), /1 connection\| \(\|1 parked\|\).*Parked\|1 connection, 1\.2 kB/);
  const server = { address: "h:23", state: "up", since: base.startedAt, active: 1, total: 1, failures: 0 };
  const standing = {
    topic: "heating",
    connected: false,
    sinceMs: 5000,
    reason: "refused",
    received: 9,
    sent: 8,
    refused: 7,
  };
  const directs = [{ port: 9, name: "boiler", balance: "", servers: [server], standing }];
  assert.match(
    shown(overview, { directs }),
    /not connected\|boiler\|h:23 · MQTT heating\|.*Published\|9 B\|Written\|8 B/,
  );
  const dialing = [{ ...directs[0], standing: { ...standing, dialing: true } }];
  assert.match(shown(overview, { directs: dialing }), /connecting\|boiler/);
  assert.match(shown(lineView, { directs }, "9"), /Connection for MQTT\|Topic\|heating\|.*Reason\|refused\|/);
});

test("of hundreds of things and ports a hundred are shown, those first that need attention", () => {
  const muxes = Array.from({ length: 150 }, (_, index) => muxStatus({ port: 5000 + index, down: index === 149 }));
  const text = shown(overview, { muxes });
  assert.match(text, /not reached\|port 5149\|.*no link\|port 5000\|.*100 of 150 are shown/);
  assert.doesNotMatch(text, /port 5120/);
});

test("a line of the log and a message say where they are from", () => {
  assert.equal(
    told(logLine({ time: "2026-01-31T12:00:00.123+01:00", level: "info", text: "started" })),
    "12:00:00.123|info|started",
  );
  assert.equal(textOf(logLine({ lost: 3 })), "… 3 lines are missing");
  const message = {
    time: "2026-01-31T12:00:00.123+01:00",
    direction: "SERVER→PROXY",
    connection: "18c",
    client: "192.0.2.7:5000",
    message: "hello",
    fault: "bad",
  };
  assert.equal(told(messageLine(message, true)), "12:00:00.123|from the server|192.0.2.7:5000|hello| ✗ bad");
  assert.equal(told(messageLine(message, false)), "12:00:00.123|from the server|hello| ✗ bad");
  assert.equal(textOf(messageLine({ notShown: 2 }, true)), "… 2 messages not shown");
});

test("a line shows its published values, their age, and which of them are not true now", () => {
  const values = [
    { name: "power", unit: "kW", value: 4.7, ageMs: 3700, state: "good" },
    { name: EVIL, unit: EVIL, value: EVIL, ageMs: 900_000, state: "stale" },
    { name: "later", state: "waiting" },
  ];
  const text = shown(lineView, { muxes: [muxStatus({ port: 5020, values } as object)] }, "5020");
  assert.match(text, /Values\|.*power\|4\.7\u00a0kW\|3 s\|.*good/);
  assert.match(text, /15 min 0 s\|.*too old/);
  assert.match(text, /later\|–\|–\|.*not read yet/);
  const tile = shown(overview, { muxes: [muxStatus({ port: 5020, values } as object)] });
  assert.match(tile, /modbus\|power 4\.7\u00a0kW\|/);
  assert.doesNotMatch(shown(lineView, { muxes: [muxStatus({ port: 5020 })] }, "5020"), /Values/);
});
