import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { InheritedSockets } from "#src/supervisor/inherited-sockets.js";
import { serviceManager } from "#src/supervisor/service-manager.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { until } from "../support/wait.js";

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

/** A service manager behind a program that writes down what it is told, one message a line. */
function manager(t: TestContext, script: (heard: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-supervisor-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const heard = join(folder, "heard");
  writeFileSync(heard, "");
  writeFileSync(join(folder, "systemd-notify"), `#!/bin/sh\n${script(heard)}\n`, { mode: 0o755 });
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const env = { PATH: folder, NOTIFY_SOCKET: "@hub", WATCHDOG_USEC: "60000000" };
  const supervisor = serviceManager(env, 4711, clock, log);
  return { supervisor, clock, log, messages: () => readFileSync(heard, "utf8").split("\n").slice(0, -1) };
}

test("the service manager is told of start, life, reload and stop, in this order", async (t) => {
  const { supervisor, clock, log, messages } = manager(t, (heard) => `echo "$NOTIFY_SOCKET $*" >>'${heard}'`);
  supervisor.started();
  await until(() => messages().length === 1, "the start");
  clock.advance(29_999);
  supervisor.reloading(Promise.resolve());
  await until(() => messages().length === 3, "the reload");
  await new Promise((resolve) => setImmediate(resolve));
  await until(() => {
    clock.advance(30_000); // the last message may still be under way: then this sign of life is left out
    return messages().length > 3;
  }, "a sign of life");
  supervisor.stopping();
  await until(() => messages().includes("@hub STOPPING=1"), "the stop");
  assert.match(
    messages().slice(0, 4).join(" "),
    /^@hub READY=1 @hub RELOADING=1 MONOTONIC_USEC=\d+ @hub READY=1 @hub WATCHDOG=1$/,
  );
  assert.deepEqual(log.lines, []);
});

test("a process whose place is taken tells nothing, and that it is the main one where it serves again", async (t) => {
  const { supervisor, clock, messages } = manager(t, (heard) => `echo "$*" >>'${heard}'`);
  supervisor.started();
  await until(() => messages().length === 1, "the start");
  supervisor.handedOver();
  supervisor.stopping();
  clock.advance(60_000);
  supervisor.servesAgain();
  assert.equal(clock.pending, 1, "one timer for signs of life");
  await until(() => messages().length === 2, "the message");
  assert.deepEqual(messages(), ["READY=1", "MAINPID=4711 READY=1"]);
});

test("a service manager that cannot be told is one line of the log", async (t) => {
  const { supervisor, log, messages } = manager(t, (heard) => `echo "$*" >>'${heard}'; exit 1`);
  supervisor.started();
  supervisor.reloading(Promise.resolve());
  await until(() => messages().length === 3, "three attempts");
  supervisor.stopping();
  await until(() => messages().length === 4, "the last one");
  assert.deepEqual(log.lines, ["WARN the service manager is not told READY=1: systemd-notify ended with 1"]);
});
