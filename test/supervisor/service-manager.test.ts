import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, fstatSync, openSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { InheritedSockets } from "#src/supervisor/inherited-sockets.js";
import { serviceManager } from "#src/supervisor/service-manager.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";

function fdOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

test("a place gets the socket that listens on it, once", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const log = new MemoryLog();
  const sockets = new InheritedSockets([{ fd: fdOf(server), name: "hub" }], log);
  assert.equal(sockets.take({ host: "127.0.0.2", port, datagrams: false }), undefined);
  assert.equal(sockets.take({ host: "127.0.0.1", port, datagrams: false })?.fd, fdOf(server));
  assert.deepEqual(log.lines, [
    `INFO socket ${fdOf(server)} (hub) of the service manager listens on 127.0.0.1:${port}`,
  ]);
  assert.equal(sockets.take({ host: "127.0.0.1", port, datagrams: false }), undefined);
});

test("what is no socket stays open: it may be a file of Node itself", (t) => {
  const fd = openSync("/dev/null", "r");
  t.after(() => closeSync(fd));
  const log = new MemoryLog();
  const sockets = new InheritedSockets([{ fd, name: "" }], log);
  sockets.closeRest();
  fstatSync(fd);
  assert.deepEqual(log.lines, [
    `WARN socket ${fd} of the service manager is not used: it is no TCP or UDP socket that listens`,
  ]);
});

test("children do not inherit the variables of the service manager", () => {
  const env: NodeJS.ProcessEnv = {
    ...{ LISTEN_PID: "1", LISTEN_FDS: "1", LISTEN_FDNAMES: "a", NOTIFY_SOCKET: "@a" },
    ...{ WATCHDOG_PID: "1", WATCHDOG_USEC: "1", HOME: "/root" },
  };
  serviceManager(env, 4711, new ManualClock(), new MemoryLog());
  assert.deepEqual(env, { HOME: "/root" });
});
