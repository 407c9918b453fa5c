import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_OPTIONS } from "#src/core/setup/options.js";
import { type ConnectionStatus, type DaemonStatus, statusTable } from "#src/core/status.js";

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

test("tunnels and devices have a line each, whether they are linked or not", () => {
  const link = { address: "10.0.0.9:5000", ageMs: 1, clients: 2, received: 30, sent: 40 };
  const exposed = ["0.0.0.0:8023>10.41.51.152:23", "127.0.0.1:8080>192.168.0.3:80"];
  const tunnel = { port: 7000, exposed, listening: true, links: 1, clients: 5, refused: 6, stalled: 7 };
  const device = { server: "hub:7000", connected: false, links: 8, clients: 9, refused: 1 };
  const status = {
    ...{ connections: [], muxes: [] },
    tunnels: [
      { ...tunnel, link },
      { ...tunnel, link, listening: false },
      { ...tunnel, listening: false },
    ],
    devices: [device, { ...device, connected: true, link }],
  } as unknown as DaemonStatus;
  const so = "5 clients so far, 6 refused, 7 stalled";
  assert.deepEqual(statusTable(status, "").split("\n").slice(1), [
    ` tunnel 7000 ${exposed.join(" ")}: device 10.0.0.9:5000, 2 clients, 30 bytes received, 40 sent; ${so}`,
    ` tunnel 7000 ${exposed.join(" ")}: device 10.0.0.9:5000 (not ready), 2 clients, 30 bytes received, 40 sent; ${so}`,
    ` tunnel 7000 ${exposed.join(" ")}: no device, 0 clients, 0 bytes received, 0 sent; ${so}`,
    " device of hub:7000: not connected, 0 clients, 0 bytes received, 0 sent; 8 links and 9 clients so far, 1 refused",
    " device of hub:7000: connected, 2 clients, 30 bytes received, 40 sent; 8 links and 9 clients so far, 1 refused",
  ]);
});
