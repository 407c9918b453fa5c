import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { ListenError } from "#src/accept/listen-error.js";
import type { Listener } from "#src/accept/listener.js";
import { Port } from "#src/accept/port.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { MemoryLog } from "../support/in-process.js";
import { listenerOf } from "../support/listener.js";
import { localNames } from "../support/names.js";
import { Client, Device } from "../support/net.js";
import { until } from "../support/wait.js";

const HERE = "127.0.0.1";
const LONGEST_RETRY_MS = 30_000;

/** Ports by a manual clock, which keep what they accept. */
function fixture(t: TestContext) {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const own = new OwnSockets(clock);
  const accepted: { readonly listener: Listener; readonly socket: Socket }[] = [];
  const context = {
    clock,
    log,
    own,
    names: localNames(clock),
    admit: (listener: Listener, socket: Socket) => accepted.push({ listener, socket }),
  };
  const make = (listener: Listener): Port => {
    const port = new Port(listener, HERE, context as unknown as ConstructorParameters<typeof Port>[2]);
    t.after(() => port.close());
    return port;
  };
  t.after(() => {
    for (const { socket } of accepted) socket.destroy();
  });
  return { clock, log, own, accepted, make };
}

test("an open port hands over what it accepts, paused, with its listener", async (t) => {
  const { log, accepted, make } = fixture(t);
  const number = await freePort();
  const listener = listenerOf(number);
  const port = make(listener);
  await port.open();
  assert.deepEqual(log.lines, [`INFO listening on ${HERE}:${number} (direct)`]);
  const client = await Client.open(number);
  client.write("early");
  await until(() => accepted.length === 1, "the client");
  assert.equal(accepted[0]?.listener, listener);
  assert.equal(accepted[0]?.socket.isPaused(), true);
  assert.deepEqual(port.status, { kind: "direct", name: `direct port ${number}`, address: HERE, port: number });
  client.destroy();
});

test("the daemon knows the port as its own while it is open", async (t) => {
  const { own, make } = fixture(t);
  const number = await freePort();
  const port = make(listenerOf(number, { throughDaemon: "refused" }));
  assert.equal(own.isOffLimits(HERE, number), false);
  await port.open();
  assert.equal(own.isOffLimits(HERE, number), true);
  port.close();
  assert.equal(own.isOffLimits(HERE, number), false);
});

test("a port that cannot be opened says why, in words and by the system's code", async (t) => {
  const { own, make } = fixture(t);
  const occupant = await Device.open();
  t.after(() => occupant.close());
  const port = make(listenerOf(occupant.port, { throughDaemon: "refused" }));
  await assert.rejects(port.open(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.message, `cannot listen on ${HERE}:${occupant.port}: already in use`);
    assert.equal(error.code, "EADDRINUSE");
    return true;
  });
  assert.equal(own.isOffLimits(HERE, occupant.port), false, "it is somebody else's");
  const elsewhere = make(listenerOf(occupant.port, { host: "192.0.2.1" }));
  await assert.rejects(elsewhere.open(), /cannot listen on 192\.0\.2\.1:\d+: no such address on this machine/);
});

test("a port that is occupied is tried again until it is free; the log mentions it once", async (t) => {
  const { clock, log, make } = fixture(t);
  const occupant = await Device.open();
  const port = make(listenerOf(occupant.port));
  await port.openEventually();
  assert.equal(port.listening, false);
  assert.match(port.status.problem ?? "", /already in use/);
  for (let failures = 2; failures <= 3; failures += 1) {
    clock.advance(LONGEST_RETRY_MS);
    await until(() => clock.pending === 1, "the next attempt to fail");
  }
  assert.equal(port.status.problemMs, 2 * LONGEST_RETRY_MS, "since the first attempt");
  occupant.close();
  clock.advance(LONGEST_RETRY_MS);
  await until(() => port.listening, "the port to listen");
  await until(() => port.status.problem === undefined, "the problem to be over");
  assert.equal(port.status.problemMs, undefined);
  assert.deepEqual(
    log.lines.map((line) => line.replace(/:\d+/, ":N")),
    [
      `WARN cannot listen on ${HERE}:N: already in use; the daemon tries again until it works`,
      `INFO listening on ${HERE}:N (direct)`,
    ],
  );
});

test("a port that is closed while it waits, or while it opens, stays closed", async (t) => {
  const { clock, own, make } = fixture(t);
  const occupant = await Device.open();
  t.after(() => occupant.close());
  const waiting = make(listenerOf(occupant.port));
  await waiting.openEventually();
  waiting.close();
  assert.equal(clock.pending, 0);
  const failing = make(listenerOf(occupant.port));
  const failed = failing.openEventually();
  failing.close();
  await failed;
  assert.equal(clock.pending, 0, "no further attempt");
  const number = await freePort();
  const opening = make(listenerOf(number, { throughDaemon: "refused" }));
  const opened = opening.open();
  opening.close();
  await opened;
  assert.deepEqual([opening.listening, own.isOffLimits(HERE, number)], [false, false]);
});

test("another listener serves new connections; the log says where they go, if that has changed", async (t) => {
  const { log, accepted, make } = fixture(t);
  const number = await freePort();
  const to = (port: number): Listener =>
    listenerOf(number, { route: { target: { host: "device", port }, options: DEFAULT_OPTIONS } });
  const port = make(to(1));
  await port.open();
  const next = to(2);
  port.listener = next;
  port.listener = to(2);
  port.listener = next;
  assert.deepEqual(log.lines, [
    `INFO listening on ${HERE}:${number} (direct for device:1)`,
    `INFO direct port ${number}: new connections go to device:2`,
  ]);
  const client = await Client.open(number);
  await until(() => accepted.length === 1, "the client");
  assert.equal(accepted[0]?.listener, next);
  assert.equal(port.status.remote, "device:2");
  client.destroy();
});

test("a Unix socket replaces one that a killed process has left, and nothing else", async (t) => {
  const { accepted, make } = fixture(t);
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-port-`);
  t.after(() => rmSync(folder, { recursive: true }));
  const path = `${folder}/private/control.sock`;
  const port = make(listenerOf(0, { path }));
  await port.open();
  const client = connect({ path });
  await until(() => accepted.length === 1, "the client");
  client.destroy();
  await assert.rejects(make(listenerOf(0, { path })).open(), /already in use/, "one that lives");
  port.close();
  await until(() => !existsSync(path), "the socket to go with its server");
  writeFileSync(path, "");
  await assert.rejects(make(listenerOf(0, { path })).open(), /something else is there/);
});
