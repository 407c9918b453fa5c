import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AlertQueue } from "#src/alerts/alert-queue.js";
import type { Alert } from "#src/core/status/alert.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { Hook, silence, status } from "../support/hook.js";
import { MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";
import { quietFor, until } from "../support/wait.js";

function sender(t: TestContext, url: string, load = () => import("#src/alerts/post-alert.js")) {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const alerts = new AlertQueue(clock, log, localNames(clock), load);
  t.after(() => alerts.close());
  alerts.configure(url);
  return { alerts, clock, log };
}

function alert(server: string, listener = 1): Alert {
  const time = "2026-01-01T00:00:00.000Z";
  return { event: "server-down", time, listener, server, text: `server ${server} is down: x`, reason: "x" };
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

test("a webhook that is unreachable, then answers 500, then hangs, gets every alert in order in the end", async (t) => {
  const port = await freePort();
  const { alerts, clock, log } = sender(t, `http://127.0.0.1:${port}/?token=secret`);
  alerts.send(alert("a:1"));
  alerts.send(alert("b:1"));
  await until(() => log.lines.length > 0, "a line in the log");
  assert.match(
    log.lines[0] ?? "",
    /^WARN http:\/\/127\.0\.0\.1:\d+ does not accept alerts \([^)]*ECONNREFUSED[^)]*\); /,
  );
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
  assert.deepEqual(log.lines.slice(1), ["WARN alerts are accepted again"]);
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
  for (const server of ["a:1", "b:1"]) alerts.send(alert(server));
  await until(() => alerts.status.delivered === 2, "both to be taken");
  assert.equal(hook.posts.length, 2);
  assert.deepEqual(log.lines, []);
});

test("one request at a time is in flight; a hanging one is cut after 5 s", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = silence;
  const { alerts, clock, log } = sender(t, hook.url);
  for (let count = 0; count < 5; count += 1) alerts.send(alert(`a:${count}`));
  await hook.received(1);
  clock.advance(4999);
  await quietFor(50);
  assert.deepEqual([hook.connections, log.lines.length], [1, 0]);
  clock.advance(1);
  await until(() => hook.connections === 0, "it to be cut");
  assert.match(log.lines.join(), /does not accept alerts \(no answer within 5 s\)/);
  assert.equal(alerts.status.waiting, 5);
});

test("an alert that is not accepted for five minutes is given up, with a log line; attempts become rarer", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = status(404);
  const { alerts, clock, log } = sender(t, hook.url);
  const begun = clock.now();
  alerts.send(alert("a:1"));
  await over(hook, 1);
  while (alerts.status.givenUp === 0) await attempted(clock, hook);
  const ms = clock.now() - begun;
  assert.ok(ms >= 300_000 && ms <= 330_000, `${ms} ms`);
  assert.match(log.lines.at(-1) ?? "", /^WARN alert given up, [^\n]*HTTP status 404\): server a:1 is down: x$/);
  assert.ok(hook.posts.length > 10 && hook.posts.length < 25, `${hook.posts.length} attempts`);
  hook.answer = status(204);
  alerts.send(alert("a:1"));
  await attempted(clock, hook);
  assert.equal(alerts.status.delivered, 1);
});

test("of more than 100 waiting alerts the oldest are dropped, except the one in flight", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = silence;
  const { alerts, clock } = sender(t, hook.url);
  for (let count = 0; count < 150; count += 1) alerts.send(alert("a:1", count));
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
  const { alerts } = sender(t, first.url);
  alerts.send(alert("a:1"));
  await first.received(1);
  alerts.configure(first.url);
  await quietFor(50);
  assert.equal(first.connections, 1, "the same URL changes nothing");
  alerts.configure(second.url);
  await second.received(1);
  alerts.send(alert("b:1"));
  await second.received(2);
  await until(() => first.connections === 0 && alerts.status.waiting === 0, "the first one to be left");
  alerts.configure("");
  alerts.send(alert("c:1"));
  assert.equal(alerts.status.waiting, 0);
  assert.equal(first.posts.length, 1);
});

test("at the end each waiting alert is tried once, at once", async (t) => {
  const hook = await Hook.open(t);
  hook.answer = status(500);
  const { alerts } = sender(t, hook.url);
  await alerts.drain();
  alerts.send(alert("a:1"));
  await over(hook, 1);
  hook.answer = status(200);
  alerts.send(alert("b:1"));
  assert.equal(alerts.status.waiting, 2, "there is a pause behind a failure");
  await alerts.drain();
  assert.deepEqual(alerts.status, { waiting: 0, delivered: 2, givenUp: 0, dropped: 0 });
  hook.answer = status(500);
  alerts.send(alert("c:1"));
  await alerts.drain();
  assert.equal(hook.posts.length, 4);
});

test("an HTTP client that cannot be loaded is loaded for the next attempt", async (t) => {
  const hook = await Hook.open(t);
  let tries = 0;
  const { alerts, clock, log } = sender(t, hook.url, () => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error("no such file")) : import("#src/alerts/post-alert.js");
  });
  alerts.send(alert("a:1"));
  await until(() => log.lines.length > 0, "a line in the log");
  assert.match(log.lines[0] ?? "", /does not accept alerts \(no such file\); they are repeated/);
  clock.next();
  await until(() => alerts.status.delivered === 1, "the alert");
});
