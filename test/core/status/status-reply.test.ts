import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import type { ConnectionStatus, DaemonReport } from "#src/core/status/daemon-status.js";
import { statusJson, statusTable } from "#src/core/status/status-reply.js";
import { deviceLine, tunnelLines } from "#src/core/tunnel/tunnel-status.js";

const NOTIFY = { sent: 0, retried: 0, failed: 0, lastOutcome: "" };

function connection(changes: Partial<ConnectionStatus>): ConnectionStatus {
  const openedAt = "2020-01-02T03:04:05.678Z";
  const base = { phase: "echo", listener: "", clientPort: 1, openedAt, ageMs: 0, received: 0, sent: 0 } as const;
  return { ...base, id: "1716058a203", client: "127.0.0.1", ...changes };
}

function report(connections: readonly ConnectionStatus[], more: object = {}): DaemonReport {
  const reports = connections.map((status) => ({ ...status, status }));
  const notifications = { waiting: 0, repeating: 0, failing: [] };
  const all = { muxes: [], tunnels: [], devices: [], notifications, ...more, connections: reports };
  return all as unknown as DaemonReport;
}

function table(...connections: ConnectionStatus[]): string[] {
  return [...statusTable(report(connections), "1716058a203")].join("").split("\n");
}

test("STAT has the layout of the original's sample session, to the column", () => {
  const lines = table(
    connection({
      id: "1716057f6c0",
      client: "192.168.0.20",
      remote: "192.168.0.15:25",
      received: 1449,
      sent: 27,
      notify: { ...NOTIFY, target: "601/urn:toggledbits-com:serviceId:MailSensor1/NotifyData/171604d50b7" },
    }),
    connection({ phase: "setup" }),
    connection({ id: "17160581a1f", client: "192.168.0.20", remote: "192.168.0.7:10006", received: 584, sent: 174 }),
  );
  assert.deepEqual(lines, [
    " ID               St Client           Remote              #recv   #xmit Notify",
    " 1716057f6c0      2  192.168.0.20     192.168.0.15:25      1449      27 601/urn:toggledbits-com:serviceId:MailSensor1/NotifyData/171604d50b7",
    "*1716058a203      1  127.0.0.1                                0       0",
    " 17160581a1f      2  192.168.0.20     192.168.0.7:10006     584     174",
  ]);
});

test("a long value widens its row and is not cut off", () => {
  const remote = "a-very-long-name.example.com:65535";
  const [, row = ""] = table(connection({ remote, received: 123_456_789_012 }));
  assert.ok(row.includes(` ${remote} 123456789012 `), row);
});

test("a connection that dials shows as setup mode; a closing one does not show", () => {
  const lines = table(
    connection({ phase: "dialing", remote: "h:1", options: DEFAULT_OPTIONS }),
    connection({ phase: "closing" }),
  );
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? "", /^\*1716058a203 {6}1 {2}127\.0\.0\.1 {8}h:1 /);
});

test("each tunnel and each device has a line below the connections", () => {
  const counted = { links: 1, clients: 5, refused: 6, resumed: 0, received: 30, sent: 40 };
  const tunnel = {
    ...counted,
    port: 7000,
    exposed: ["a:1>b:2"],
    listening: false,
    stalled: 7,
    replaced: 0,
    turnedAway: 8,
  };
  const device = { ...counted, server: "hub:7000", services: "b:2", connected: false };
  const lines = [...statusTable(report([], { tunnels: [tunnel], devices: [device] }), "")].join("").split("\n");
  assert.deepEqual(lines.slice(1), [...tunnelLines(tunnel), deviceLine(device)]);
});

test("notifications that are not taken have lines at the end: how many wait to be repeated, and which actions fail, and why", () => {
  const failing = [{ action: "5/urn:x/Act", count: 2, ms: 61_999, why: "status 500, \u001b[2J", fault: "action" }];
  const shown = (more: object): string[] =>
    [...statusTable(report([], { notifications: { waiting: 3, repeating: 0, failing: [], ...more } }), "")]
      .join("")
      .split("\n")
      .slice(1);
  assert.deepEqual(shown({}), []);
  const action = " action 5/urn:x/Act: fails for 61 s, 2 connections: status 500, ?[2J";
  assert.deepEqual(shown({ failing }), [action]);
  const waits = " notifications: 3 wait, 2 of them to be repeated; none taken for 7 s";
  assert.deepEqual(shown({ failing, repeating: 2, untakenMs: 7500 }), [waits, action]);
  const away = { ms: 5, why: "connection refused" };
  const many = shown({ failing: Array(10).fill(failing[0]) });
  assert.deepEqual([many.length, many.at(-1)], [9, " and 2 more actions, see STAT JSON"]);
  assert.deepEqual(shown({ repeating: 2, untakenMs: 7500, away }), [
    `${waits}; the engine is away: connection refused`,
  ]);
});

test("the pieces of STAT JSON make the JSON of the whole status, with the same members in the same order", () => {
  const connections = [connection({ id: "1" }), connection({ id: "2", options: DEFAULT_OPTIONS })];
  for (const shown of [[], connections.slice(1), connections]) {
    const whole = JSON.stringify({ ...report([], { version: "1.0" }), connections: shown });
    assert.equal([...statusJson(report(shown, { version: "1.0" }))].join(""), whole);
  }
});

test("each connection makes its status when its turn comes, in a piece of its own", () => {
  const told: string[] = [];
  const late = ["1", "2", "3"].map((id) => ({
    ...connection({ id }),
    get status() {
      told.push(id);
      return connection({ id });
    },
  }));
  for (const pieces of [statusJson, statusTable]) {
    let most = 0;
    let passed = 0;
    for (const _ of pieces({ ...report([]), connections: late }, "")) {
      most = Math.max(most, told.length - passed);
      passed = told.length;
    }
    assert.deepEqual([told.splice(0), most], [["1", "2", "3"], 1]);
  }
});

test("no unprintable character shows, not even as an escape in JSON", () => {
  const bad = "a\u009bb\u202ec\u2028d\0e\x1bf\ud800g";
  const shown = connection({ remote: bad, notify: { ...NOTIFY, target: bad, lastOutcome: bad } });
  const device = { ...{ server: bad, services: bad, connected: false }, ...{ links: 1, clients: 5, refused: 6 } };
  const all = report([shown], { vera: bad, monitor: { notShown: { [bad]: 1 } }, devices: [device] });
  const { vera, monitor, devices, connections } = JSON.parse([...statusJson(all)].join(""));
  const clean = "a?b?c?d?e?f?g";
  assert.deepEqual([vera, monitor.notShown, devices[0].server], [clean, { [clean]: 1 }, clean]);
  assert.deepEqual([connections[0].remote, connections[0].notify.lastOutcome], [clean, clean]);
  const lines = [...statusTable(all, "")].join("").split("\n");
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
});
