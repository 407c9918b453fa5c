import assert from "node:assert/strict";
import { test } from "node:test";
import { reverseProxyStatus } from "#src/cli/reverse-proxy-status.js";
import type { ConnectionStatus, DaemonStatus, ListenerStatus } from "#src/core/status/daemon-status.js";

const CONTROL = { kind: "control", name: "control socket", address: "/x", port: 0 };
const DIRECT = { kind: "direct", name: "direct port 10001", address: "::", port: 10001 };

function daemon(listener: Partial<ListenerStatus>, ...connections: Partial<ConnectionStatus>[]): DaemonStatus {
  return { listeners: [CONTROL, { ...DIRECT, ...listener }], connections } as unknown as DaemonStatus;
}

function client(changes: Partial<ConnectionStatus>): Partial<ConnectionStatus> {
  const base = { id: "a1", phase: "echo", client: "192.168.0.7", clientPort: 5000, received: 0, sent: 0 } as const;
  return { ...base, listener: DIRECT.name, openedAt: "2020-01-02T03:04:05.678Z", ...changes };
}

test("the status of a proxy that does not run", () => {
  assert.deepEqual(reverseProxyStatus(10001), {
    running: false,
    listen_port: 10001,
    target_ip: null,
    target_port: null,
    active_connections: 0,
    connections: {},
  });
});

test("the status of a running proxy: clients by id, bytes of both directions together", () => {
  const targets = [{ host: "10.0.3.162", port: 10002 }];
  const clients = [client({ received: 30, sent: 12 }), client({ id: "a2", client: "fe80::1", phase: "dialing" })];
  assert.deepEqual(reverseProxyStatus(10001, daemon({ targets }, ...clients)), {
    running: true,
    listen_port: 10001,
    target_ip: "10.0.3.162",
    target_port: 10002,
    active_connections: 2,
    connections: {
      a1: { client_address: "192.168.0.7:5000", connected_at: "2020-01-02T03:04:05.678Z", bytes_relayed: 42 },
      a2: { client_address: "[fe80::1]:5000", connected_at: "2020-01-02T03:04:05.678Z", bytes_relayed: 0 },
    },
  });
});

test("the asking connection and closing ones do not count as clients", () => {
  const others = [client({ listener: CONTROL.name, phase: "setup" }), client({ phase: "closing" })];
  assert.equal(reverseProxyStatus(10001, daemon({}, ...others)).active_connections, 0);
});

test("of several servers the first is the target; the status names all", () => {
  const targets = [
    { host: "a", port: 1 },
    { host: "::1", port: 2 },
  ];
  const { target_ip, target_port, targets: named } = reverseProxyStatus(10001, daemon({ targets }));
  assert.deepEqual([target_ip, target_port, named], ["a", 1, ["a:1", "[::1]:2"]]);
});
