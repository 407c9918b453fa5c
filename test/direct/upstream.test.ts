import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessRules } from "#src/access/access-rules.js";
import { Alerts } from "#src/alerts/alerts.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { DialError, NO_MORE_FILES } from "#src/dial/dial-error.js";
import { Upstream } from "#src/direct/upstream.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { daemonHere, MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";
import { Device } from "../support/net.js";
import { quietFor, until } from "../support/wait.js";

function order(text: string) {
  const parsed = parseDirectRoute(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

function unchecked(): { server: Upstream; again: () => Upstream; clock: ManualClock; log: MemoryLog; alerts: Alerts } {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const alerts = new Alerts(clock, log, localNames(clock));
  const host = {
    ...{ clock, log, settings: DEFAULT_SETTINGS, access: new AccessRules(DEFAULT_SETTINGS) },
    ...{ alerts, own: new OwnSockets(clock), names: localNames(clock), descriptors: new DescriptorBudget(undefined) },
    tlsIdentities: new Map(),
    mqtt: () => undefined,
  };
  const again = (): Upstream =>
    new Upstream({ port: 1 }, order("127.0.0.1:1"), { when: "never", everyMs: 0, timeoutMs: 1 }, host);
  return { server: again(), again, clock, log, alerts };
}

test("a failed attempt says nothing when it began before the last success", () => {
  const { server, clock, log } = unchecked();
  const early = clock.now();
  clock.advance(10);
  server.connected();
  server.failed(new DialError("timed out"), early, 4000);
  assert.deepEqual([server.up, log.lines.length], [true, 0]);
  server.failed(new DialError("timed out"), clock.now(), 4000);
  assert.equal(server.up, false);
  assert.deepEqual(log.lines, ["WARN [direct 1 > 127.0.0.1:1] is down: timed out"]);
  clock.advance(1234);
  server.connected();
  assert.equal(log.lines.at(-1), "WARN [direct 1 > 127.0.0.1:1] is back after 1.2 s");
});

test("a server that was down when a reload removed its line, and is up when the line returns, is reported as back", (t) => {
  const { server, again, clock, alerts } = unchecked();
  t.after(() => alerts.close());
  alerts.configure({ ...DEFAULT_SETTINGS, alertUrl: "http://127.0.0.1:1/" });
  server.failed(new DialError("timed out"), clock.now(), 4000);
  server.stop();
  const next = again();
  next.connected();
  next.failed(new DialError("timed out"), clock.now(), 4000);
  assert.equal(alerts.status.waiting, 3, "down, back, down");
});

test("a lack of resources on this machine does not count against the server", () => {
  const { server, clock } = unchecked();
  server.failed(new DialError(NO_MORE_FILES), clock.now(), 4000);
  assert.deepEqual([server.up, server.status.failures], [true, 0]);
});

test("a stopped daemon makes no health checks", async (t) => {
  const [a, b] = [await Device.open(), await Device.open()];
  t.after(() => {
    a.close();
    b.close();
  });
  const text = `127.0.0.1:${a.port},127.0.0.1:${b.port} HLTH=0.02`;
  const { daemon } = await daemonHere({ direct: [{ port: await freePort(), route: order(text) }] });
  await until(() => a.clients.length > 2 && b.clients.length > 2, "checks");
  await daemon.stop("the test has ended");
  const checks = a.clients.length + b.clients.length;
  await quietFor(150);
  assert.equal(a.clients.length + b.clients.length, checks);
});
