import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_OPTIONS } from "#src/core/setup/options.js";
import { type ConnectionStatus, type DaemonStatus, statusTable } from "#src/core/status.js";
import { deviceLine, tunnelLine } from "#src/core/tunnel/status.js";

const NOTIFY = { sent: 0, retried: 0, failed: 0, lastOutcome: "" };

function connection(changes: Partial<ConnectionStatus>): ConnectionStatus {
  const openedAt = "2020-01-02T03:04:05.678Z";
  const base = { phase: "echo", listener: "", clientPort: 1, openedAt, ageMs: 0, received: 0, sent: 0 } as const;
  return { ...base, id: "1716058a203", client: "127.0.0.1", ...changes };
}

function table(...connections: ConnectionStatus[]): string[] {
  const status = { connections, muxes: [], tunnels: [], devices: [] } as unknown as DaemonStatus;
  return statusTable(status, "1716058a203").split("\n");
}

test("STAT is laid out as the seed's sample session, to the column", () => {
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

test("a long value widens its row and is not cut", () => {
  const remote = "a-very-long-name.example.com:65535";
  const [, row = ""] = table(connection({ remote, received: 123_456_789_012 }));
  assert.ok(row.includes(` ${remote} 123456789012 `), row);
});

test("while it dials a connection is in setup mode still; one that is over is not shown", () => {
  const lines = table(
    connection({ phase: "dialing", remote: "h:1", options: DEFAULT_OPTIONS }),
    connection({ phase: "closing" }),
  );
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? "", /^\*1716058a203 {6}1 {2}127\.0\.0\.1 {8}h:1 /);
});

test("tunnels and devices have a line each, below the connections", () => {
  const counted = { links: 1, clients: 5, refused: 6, received: 30, sent: 40 };
  const tunnel = { ...counted, port: 7000, exposed: ["a:1>b:2"], listening: false, stalled: 7, turnedAway: 8 };
  const device = { ...counted, server: "hub:7000", services: "b:2", connected: false };
  const status = { connections: [], muxes: [], tunnels: [tunnel], devices: [device] } as unknown as DaemonStatus;
  assert.deepEqual(statusTable(status, "").split("\n").slice(1), [tunnelLine(tunnel), deviceLine(device)]);
});
