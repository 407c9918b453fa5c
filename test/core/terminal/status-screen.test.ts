import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wordsOf } from "#src/core/health/problem.js";
import { Fields } from "#src/core/terminal/fields.js";
import { lineText } from "#src/core/terminal/screen.js";
import { reverseProxyScreen, type Showing, statusScreen } from "#src/core/terminal/status-screen.js";
import { textWidth } from "#src/core/terminal/text-width.js";

const STATUS = {
  version: "1.9.0",
  pid: 42,
  startedAt: "2026-03-02T12:00:00.000Z",
  uptimeMs: 3_600_000,
  problems: [
    {
      severity: "error",
      kind: "device-down",
      name: "pv",
      since: "2026-03-02T12:50:00.000Z",
      ...wordsOf("device-down", "pv"),
      why: "192.168.1.30:502: host unreachable",
    },
    { severity: "warning", kind: "of-tomorrow", name: "x", since: "never", why: "" },
  ],
  listeners: [
    { kind: "proxy", name: "proxy port 2504", address: "::", port: 2504 },
    { kind: "mux", name: "mux pv (port 5020)", section: "pv", address: "::1", port: 5020, remote: "192.168.1.30:502" },
    { kind: "direct", name: "direct port 80", address: "::", port: 80, problem: "in use" },
  ],
  lines: { "proxy port 2504": { connections: 3, received: 52_000, sent: 10 } },
  muxes: [
    {
      name: "pv",
      port: 5020,
      target: "192.168.1.30:502",
      protocol: "modbus",
      clientCount: 2,
      waiting: 1,
      requests: 200,
      failed: 3,
      down: true,
      downMs: 600_000,
      responses: { count: 10, sumMs: 250 },
      links: [],
    },
  ],
  tunnels: [{ name: "shed", port: 7000, absentMs: 5000, received: 0, sent: 0, links: 0, clients: 0 }],
  devices: [],
  traffic: { connections: 9, received: 1_234_567, sent: 10 },
  notifications: { sent: 12, failed: 2, waiting: 1, inFlight: 0 },
  connections: [
    { id: "own", phase: "setup", listener: "proxy port 2504", client: "127.0.0.1", ageMs: 1, received: 0, sent: 0 },
    {
      id: "1a2",
      phase: "echo",
      listener: "proxy port 2504",
      client: "192.168.1.2",
      remote: "hub:80",
      ageMs: 61_000,
      receiveIdleMs: 3000,
      sendIdleMs: 9000,
      received: 52_000,
      sent: 10,
      notify: { target: "12/sid/act/1a2", failed: 1 },
    },
  ],
};

function screen(status: unknown, width: number, more: Partial<Showing> = {}): string[] {
  const showing = { now: new Fields(status), place: "hub:2504", width, epochMs: Date.parse, ownId: "own", ...more };
  return statusScreen(showing).map((line) => lineText(line));
}

test("what is wrong stands first, with since when and why", () => {
  assert.deepEqual(screen(STATUS, 80).slice(0, 6), [
    "sockproxyd 1.9.0  hub:2504  up 1h00m  process 42",
    "✗ pv cannot be reached, for 10m00s",
    "  192.168.1.30:502: host unreachable",
    "! x of-tomorrow",
    "9 connections so far  1.2MB from remotes  10B to remotes  12 notifications",
    "2 failed  1 waiting",
  ]);
  assert.ok(screen({ ...STATUS, problems: [] }, 80).includes("nothing is wrong"));
});

test("many problems with one cause are told at once, with the first names and the longest time", () => {
  const problems = Array.from({ length: 50 }, (_, index) => ({
    ...{ severity: "warning", kind: "plugin-failing", name: `${index}/s/a` },
    since: `2026-03-02T12:${10 + index}:00.000Z`,
    ...wordsOf("plugin-failing", `${index}/s/a`),
    ...(index % 2 === 0 ? { why: "status 500" } : { why: "status 500; 2 connections", cause: "status 500" }),
  }));
  const other = { ...problems[0], name: "x", subject: "x", why: "status 404" };
  assert.deepEqual(screen({ ...STATUS, problems: [...problems, other] }, 80).slice(1, 5), [
    "! 0/s/a, 1/s/a, 2/s/a and 47 more: not notified, for 50m00s",
    "  status 500",
    "! x does not take its notifications, for 50m00s",
    "  status 404",
  ]);
  assert.equal(
    screen({ ...STATUS, problems: problems.slice(0, 3) }, 80).filter((line) => line.startsWith("!")).length,
    3,
  );
});

test("the tables show lines, devices, tunnels and connections, without the one that asks", () => {
  assert.deepEqual(screen(STATUS, 100).slice(5), [
    "",
    "Lines",
    "line             listens on  state  open   in  out  to",
    "proxy port 2504  *:2504      ok        1  52k   10",
    "mux pv           [::1]:5020  ok        0    0    0  192.168.1.30:502",
    "direct port 80   *:80        down      0    0    0",
    "",
    "Shared devices",
    "device  state        clients  waiting  requests  failed  answers in  protocol  at",
    "pv      down 10m00s        2        1       200       3        25ms  modbus    192.168.1.30:502",
    "",
    "Tunnels",
    "tunnel  state      open  clients  in  out",
    "shed    absent 5s     0        0   0    0",
    "",
    "Connections: 1",
    "id   client       remote  phase    age   in  out  idle  line             notifies",
    "1a2  192.168.1.2  hub:80  echo   1m01s  52k   10    3s  proxy port 2504  12/sid/act/1a2",
  ]);
});

test("published values stand behind the shared devices, those that are not true now with the reason", () => {
  const values = [
    { name: "power", unit: "kW", value: -4.7, ageMs: 3700, state: "good" },
    { name: "pump", value: false, ageMs: 200, state: "good" },
    { name: "temperature", unit: "°C", value: 41.5, ageMs: 900_000, state: "stale" },
    { name: "later", state: "waiting" },
  ];
  const lines = screen({ ...STATUS, muxes: [{ ...STATUS.muxes[0], values }] }, 100);
  const from = lines.indexOf("Published values");
  assert.deepEqual(lines.slice(from, from + 6), [
    "Published values",
    "device  value           is  unit     age  state",
    "pv      power         -4.7  kW        3s  good",
    "pv      pump         false            0s  good",
    "pv      temperature   41.5  °C    15m00s  stale",
    "pv      later                             waiting",
  ]);
});

test("the broker, webhooks, links to each server, what is connected without a client, and the ways of a connection are seen", () => {
  const link = { clients: 0, received: 0, sent: 0, link: { address: "10.0.0.9:1", clients: 1 } };
  const status = {
    ...STATUS,
    directs: [{ port: 80, standing: { connected: false, sinceMs: 9000 } }],
    listeners: STATUS.listeners.map(({ problem, ...listener }) => listener),
    mqtt: {
      broker: "hub:1883",
      prefix: "house",
      connected: false,
      sinceMs: 61_000,
      waiting: 3,
      published: 1200,
      dropped: 2,
    },
    webhooks: [{ name: "reactor", origin: "http://r", waiting: 1, sent: 5, retried: 2, failed: 1, failingMs: 3000 }],
    tunnels: [],
    devices: ["a:7000", "b:7000"].map((server) => ({ ...link, name: "cabin", server })),
    connections: STATUS.connections.map((one) => ({ ...one, tells: [{ target: "webhook reactor" }] })),
  };
  const text = screen(status, 200).join("\n");
  assert.match(text, /^direct port 80 +\*:80 +not connected 9s /m);
  assert.match(text, /^cabin a:7000 +linked +1 .*\ncabin b:7000 +linked +1 /m);
  assert.match(text, /^MQTT broker\n.*\nhub:1883 +away 1m01s +3 +1\.2k +0 +2 +house\/…$/m);
  assert.match(text, /^reactor +not taken 3s +1 +5 +2 +1 +http:\/\/r$/m);
  assert.match(text, / 12\/sid\/act\/1a2, webhook reactor$/m);
  const before = { ...status, devices: status.devices.map((one, index) => ({ ...one, received: -1000 * index })) };
  const rates = screen(status, 200, { before: { status: new Fields(before), agoMs: 1000 } }).join("\n");
  assert.match(rates, /^cabin a:7000 +linked +1 +0 +0 .*\ncabin b:7000 +linked +1 +0 +1\.0k /m);
});

test("a reverse proxy shows its server and its own connections", () => {
  const line = { kind: "direct", name: "direct port 10001", address: "::", port: 10_001, remote: "192.168.1.40:10001" };
  const connection = { id: "1a2", phase: "echo", listener: line.name, client: "192.168.1.7", remote: line.remote };
  const status = {
    ...STATUS,
    problems: [],
    listeners: [{ kind: "control", name: "control socket", address: "/x", port: 0 }, line],
    lines: { [line.name]: { connections: 3, received: 1200, sent: 0 } },
    connections: [
      { ...connection, ageMs: 0 },
      { id: "1a3", phase: "setup", listener: "control socket", client: "" },
    ],
  };
  const showing = { now: new Fields(status), place: "port 10001", width: 70, epochMs: Date.parse };
  assert.deepEqual(
    reverseProxyScreen(showing, 10_001).map((one) => lineText(one)),
    [
      "Conbus reverse proxy  port 10001  to 192.168.1.40:10001  up 1h00m",
      "process 42",
      "nothing is wrong",
      "3 connections so far  1.2kB from remotes  0B to remotes",
      "",
      "Connections: 1",
      "id   client       remote              phase  age  in  out",
      "1a2  192.168.1.7  192.168.1.40:10001  echo    0s   0    0",
    ],
  );
});

test("two readings give rates", () => {
  const before = structuredClone(STATUS);
  before.lines["proxy port 2504"].received -= 8000;
  for (const mux of before.muxes) {
    mux.requests -= 30;
    mux.responses = { count: 8, sumMs: 50 };
  }
  const lines = screen(STATUS, 120, { before: { status: new Fields(before), agoMs: 2000 } }).join("\n");
  assert.match(lines, /^proxy port 2504 .* 4\.0k +0 +52k +10$/m);
  assert.match(lines, /^pv +down 10m00s +2 +1 +15 +200 +3 +100ms /m);
});

/** JSON of the right names and any values, as a stranger may send it. */
const hostile = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme", minLength: 50, maxLength: 90 }),
    fc.double(),
    fc.constant(null),
    fc.array(tie("object"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom(...namesIn(STATUS)), tie("value"), { maxKeys: 12 }),
})).object;

function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

/** The status with some texts and numbers replaced. */
const altered = fc
  .tuple(fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.double())), fc.nat(3))
  .map(([values, every]) => {
    let at = 0;
    return JSON.parse(JSON.stringify(STATUS), (_name, value) => {
      if (typeof value === "object" || values.length === 0) return value;
      at += 1;
      return at % (every + 1) === 0 ? values[at % values.length] : value;
    });
  });

test("no line is wider than the terminal or drives it, whatever the daemon says", () => {
  fc.assert(
    fc.property(fc.oneof(hostile, altered), fc.nat(130), (status, width) => {
      for (const line of screen(status, width, { before: { status: new Fields(STATUS), agoMs: 1000 } })) {
        assert.ok(textWidth(line) <= width, `${textWidth(line)} > ${width}: ${line}`);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
      }
    }),
    { numRuns: 50 },
  );
});
