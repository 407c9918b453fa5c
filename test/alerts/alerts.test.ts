import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Alerts } from "#src/alerts/alerts.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { ManualClock } from "../support/clock.js";
import { Hook } from "../support/hook.js";
import { MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";
import { until } from "../support/wait.js";

interface Sender {
  readonly alerts: Alerts;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  /** Sends alerts to `url`; so many wrong checksums a minute make one. */
  configure(url: string, checksums?: number): void;
}

function sender(t: TestContext, url: string): Sender {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const alerts = new Alerts(clock, log, localNames(clock));
  t.after(() => alerts.close());
  const configure = (alertUrl: string, alertChecksums = 3): void =>
    alerts.configure({ ...DEFAULT_SETTINGS, alertUrl, alertChecksums });
  configure(url);
  return { alerts, clock, log, configure };
}

/** Waits for the end of so many attempts: each closes its connection. */
async function over(hook: Hook, attempts: number): Promise<void> {
  await until(() => hook.posts.length === attempts && hook.connections === 0, `${attempts} attempts`);
}

test("an alert is JSON with all its members; the login and the query of the URL are sent with it", async (t) => {
  const hook = await Hook.open(t);
  const { alerts, clock, log } = sender(t, `http://me%40home:sec%3Aret@127.0.0.1:${hook.port}/some/where?token=x%20y`);
  alerts.serverDown(10001, "a:1", "connection refused");
  const time = log.times.iso(clock.epochMs());
  await over(hook, 1);
  clock.advance(12_345);
  alerts.serverFound(10001, "a:1");
  const later = log.times.iso(clock.epochMs());
  assert.deepEqual(await hook.received(2), [
    {
      ...{ event: "server-down", time, listener: 10001, server: "a:1" },
      ...{ text: "server a:1 is down: connection refused", reason: "connection refused" },
    },
    {
      ...{ event: "server-back", time: later, listener: 10001, server: "a:1" },
      ...{ text: "server a:1 is back after 12.3 s", downMs: 12_345 },
    },
  ]);
  for (const { request } of hook.posts) {
    assert.deepEqual([request.method, request.url], ["POST", "/some/where?token=x%20y"]);
    assert.equal(request.headers["content-type"], "application/json");
    assert.equal(request.headers.authorization, `Basic ${Buffer.from("me@home:sec:ret").toString("base64")}`);
  }
  await until(() => hook.connections === 0, "the connections to be closed");
});

test("each server and listener repeats no alert twice in a row", async (t) => {
  const hook = await Hook.open(t);
  const { alerts } = sender(t, hook.url);
  alerts.serverFound(1, "a:1");
  alerts.serverDown(1, "a:1", "x");
  alerts.serverDown(1, "a:1", "y");
  alerts.serverDown(2, "a:1", "x");
  alerts.serverDown(1, "b:1", "x");
  alerts.serverFound(1, "a:1");
  alerts.serverFound(1, "a:1");
  alerts.serverDown(1, "a:1", "z");
  await until(() => alerts.status.waiting === 0, "all to be delivered");
  assert.deepEqual(
    hook.posts.map(({ alert }) => `${alert.event} ${alert.listener} ${alert.server} ${alert.reason ?? ""}`),
    ["server-down 1 a:1 x", "server-down 2 a:1 x", "server-down 1 b:1 x", "server-back 1 a:1 ", "server-down 1 a:1 z"],
  );
});

test("the device of a shared port goes down and comes back like a server", async (t) => {
  const hook = await Hook.open(t);
  const { alerts, clock } = sender(t, hook.url);
  alerts.deviceFound(5020, "d:502");
  alerts.deviceDown(5020, "d:502", "connection refused");
  alerts.deviceDown(5020, "d:502", "connection refused");
  clock.advance(3000);
  alerts.deviceFound(5020, "d:502");
  const [down, back, ...more] = await hook.received(2);
  const { time: _, ...first } = down ?? {};
  assert.deepEqual(first, {
    ...{ event: "device-down", listener: 5020, server: "d:502" },
    ...{ text: "device d:502 is down: connection refused", reason: "connection refused" },
  });
  assert.deepEqual(
    [back?.event, back?.text, back?.downMs, more],
    ["device-back", "device d:502 is back after 3.0 s", 3000, []],
  );
});

test("too many wrong checksums in a minute make one alert a minute, for each listener", async (t) => {
  const hook = await Hook.open(t);
  const { alerts, clock, configure } = sender(t, hook.url);
  for (let second = 0; second < 90; second += 1) {
    alerts.checksumError(1, "a:1");
    if (second % 29 === 0) alerts.checksumError(2, "b:1");
    await until(() => alerts.status.waiting === 0, "it to be delivered");
    clock.advance(1000);
  }
  configure(hook.url, 1000);
  for (let more = 0; more < 2000; more += 1) alerts.checksumError(3, "c:1");
  await until(() => alerts.status.waiting === 0, "all to be delivered");
  const told = hook.posts.map(({ alert }) => [alert.event, alert.listener, alert.server, alert.count]);
  assert.deepEqual(told, [
    ["checksum-errors", 1, "a:1", 3],
    ["checksum-errors", 2, "b:1", 3],
    ["checksum-errors", 1, "a:1", 60],
    ["checksum-errors", 3, "c:1", 1000],
  ]);
  assert.equal(hook.posts[0]?.alert.text, "3 wrong checksums in a minute on port 1, the last one with a:1");
});

test("an alert about a line with a name tells it", async (t) => {
  const hook = await Hook.open(t);
  const alertUrl = `http://127.0.0.1:${hook.port}/`;
  const { alerts } = sender(t, alertUrl);
  const route = parseDirectRoute("a:1");
  assert.ok(route.ok);
  const direct = [{ name: "mail", port: 8125, alsoListens: [{ port: 8126 }], route: route.value }];
  alerts.configure({ ...DEFAULT_SETTINGS, alertUrl, direct });
  for (const port of [8125, 8126, 8127]) alerts.serverDown(port, "a:1", "x");
  const told = await hook.received(3);
  assert.deepEqual(
    told.map(({ listener, name, text }) => [listener, name, text]),
    [
      [8125, "mail", "mail: server a:1 is down: x"],
      [8126, "mail", "mail: server a:1 is down: x"],
      [8127, undefined, "server a:1 is down: x"],
    ],
  );
});
