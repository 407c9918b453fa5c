import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Alerts } from "#src/alerts/alerts.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { Hook, silence, status } from "../support/hook.js";
import { MemoryLog } from "../support/in-process.js";
import { pause, until } from "../support/wait.js";

interface Sender {
  readonly alerts: Alerts;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  /** Sends alerts to `url`; so many wrong checksums a minute make one. */
  configure(url: string, checksums?: number): void;
}

function sender(t: TestContext, url: string): Sender {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const alerts = new Alerts(clock, log);
  t.after(() => alerts.close());
  const configure = (alertUrl: string, alertChecksums = 3): void =>
    alerts.configure({ ...DEFAULT_SETTINGS, alertUrl, alertChecksums });
  configure(url);
  return { alerts, clock, log, configure };
}

/** Moves the clock to the next attempt and waits for its end. */
async function attempted(clock: ManualClock, hook: Hook): Promise<void> {
  const before = hook.posts.length;
  clock.next();
  await over(hook, before + 1);
}

/** Waits for the end of so many attempts: each closes its connection. */
async function over(hook: Hook, attempts: number): Promise<void> {
  await until(() => hook.posts.length === attempts && hook.connections === 0, `${attempts} attempts`);
}

test("an alert is JSON with all its members; the login and the query of the URL are sent with it", async (t) => {
  const hook = await Hook.open(t);
  const { alerts, clock } = sender(t, `http://me%40home:sec%3Aret@127.0.0.1:${hook.port}/some/where?token=x%20y`);
  alerts.serverDown(10001, "a:1", "connection refused");
  const time = new Date(clock.epochMs()).toISOString();
  await over(hook, 1);
  clock.advance(12_345);
  alerts.serverFound(10001, "a:1");
  const later = new Date(clock.epochMs()).toISOString();
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

test("a webhook that is unreachable, then answers 500, then hangs, gets every alert in order in the end", async (t) => {
  const port = await freePort();
  const { alerts, clock, log } = sender(t, `http://127.0.0.1:${port}/?token=secret`);
  alerts.serverDown(1, "a:1", "x");
  alerts.serverDown(1, "b:1", "x");
  await until(() => log.lines.length > 0, "a line in the log");
  assert.match(log.lines[0] ?? "", /^WARN http:\/\/127\.0\.0\.1:\d+ does not take alerts \([^)]*ECONNREFUSED[^)]*\); /);
  const hook = await Hook.open(t, port);
  hook.answer = status(500);
  await attempted(clock, hook);
  hook.answer = silence;
  clock.next();
  await hook.received(2);
  clock.next(); // its time is over
  await over(hook, 2);
  hook.answer = status(200);
  clock.next();
  await over(hook, 4);
  await until(() => alerts.status.delivered === 2, "the answers");
  assert.deepEqual(
    hook.posts.map(({ alert }) => alert.server),
    ["a:1", "a:1", "a:1", "b:1"],
  );
  assert.deepEqual(alerts.status, { waiting: 0, delivered: 2, givenUp: 0, dropped: 0 });
  assert.deepEqual(log.lines.slice(1), ["WARN alerts are taken again"]);
  assert.doesNotMatch(log.lines.join(), /secret/);
});

test("interim responses before the final one do not count", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = (response, number) => {
    response.writeContinue();
    response.writeEarlyHints({ link: "</x>; rel=preload" });
    status(200)(response, number);
  };
  const { alerts, log } = sender(t, hook.url);
  for (const server of ["a:1", "b:1"]) alerts.serverDown(1, server, "x");
  await until(() => alerts.status.delivered === 2, "both to be taken");
  assert.equal(hook.posts.length, 2);
  assert.deepEqual(log.lines, []);
});

test("one request at a time is in flight; a hanging one is cut after 5 s", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = silence;
  const { alerts, clock, log } = sender(t, hook.url);
  for (let count = 0; count < 5; count += 1) alerts.serverDown(1, `a:${count}`, "x");
  await hook.received(1);
  clock.advance(4999);
  await pause(50);
  assert.deepEqual([hook.connections, log.lines.length], [1, 0]);
  clock.advance(1);
  await until(() => hook.connections === 0, "it to be cut");
  assert.match(log.lines.join(), /does not take alerts \(no answer within 5 s\)/);
  assert.equal(alerts.status.waiting, 5);
});

test("an alert that is not accepted for five minutes is given up, with a log line; attempts become rarer", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = status(404);
  const { alerts, clock, log } = sender(t, hook.url);
  const begun = clock.now();
  alerts.serverDown(1, "a:1", "x");
  await over(hook, 1);
  while (alerts.status.givenUp === 0) await attempted(clock, hook);
  const ms = clock.now() - begun;
  assert.ok(ms >= 300_000 && ms <= 330_000, `${ms} ms`);
  assert.match(log.lines.at(-1) ?? "", /^WARN alert given up, [^\n]*HTTP status 404\): server a:1 is down: x$/);
  assert.ok(hook.posts.length > 10 && hook.posts.length < 25, `${hook.posts.length} attempts`);
  hook.answer = status(204);
  alerts.serverFound(1, "a:1");
  await attempted(clock, hook);
  assert.equal(alerts.status.delivered, 1);
});

test("of more than 100 waiting alerts the oldest are dropped, except the one in flight", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = silence;
  const { alerts, clock } = sender(t, hook.url);
  for (let count = 0; count < 150; count += 1) alerts.serverDown(count, "a:1", "x");
  assert.deepEqual(alerts.status, { waiting: 100, delivered: 0, givenUp: 0, dropped: 50 });
  await hook.received(1);
  hook.answer = status(200);
  clock.next(); // the alert in flight times out
  await over(hook, 1);
  clock.next();
  await until(() => alerts.status.waiting === 0, "all to be delivered");
  const ports = hook.posts.slice(1).map(({ alert }) => alert.listener);
  assert.deepEqual(ports, [0, ...Array.from({ length: 99 }, (_, index) => index + 51)]);
});

test("a new URL gets the waiting alerts at once; without a URL they are dropped", async (t) => {
  const [first, second] = [await Hook.open(t), await Hook.open(t)];
  first.answer = silence;
  const { alerts, configure } = sender(t, first.url);
  alerts.serverDown(1, "a:1", "x");
  await first.received(1);
  configure(first.url);
  await pause(50);
  assert.equal(first.connections, 1, "the same URL changes nothing");
  configure(second.url);
  await second.received(1);
  alerts.serverDown(1, "b:1", "x");
  await second.received(2);
  await until(() => first.connections === 0 && alerts.status.waiting === 0, "the first one to be left");
  configure("");
  alerts.serverDown(1, "c:1", "x");
  assert.equal(alerts.status.waiting, 0);
  assert.equal(first.posts.length, 1);
});

test("at the end each waiting alert is tried once, at once", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = status(500);
  const { alerts } = sender(t, hook.url);
  await alerts.drain();
  alerts.serverDown(1, "a:1", "x");
  await over(hook, 1);
  hook.answer = status(200);
  alerts.serverDown(1, "b:1", "x");
  assert.equal(alerts.status.waiting, 2, "there is a pause behind a failure");
  await alerts.drain();
  assert.deepEqual(alerts.status, { waiting: 0, delivered: 2, givenUp: 0, dropped: 0 });
  hook.answer = status(500);
  alerts.serverDown(1, "c:1", "x");
  await alerts.drain();
  assert.equal(hook.posts.length, 4);
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
