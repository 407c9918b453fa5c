import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import type { RequestOutcome } from "#src/core/notify/notification-pacer.js";
import { PendingEvents } from "#src/core/notify/pending-events.js";
import type { Requester } from "#src/notify/luup-client.js";
import { LuupWay } from "#src/notify/luup-way.js";
import { NotificationScheduler } from "#src/notify/notification-scheduler.js";
import type { Delivery } from "#src/notify/notification-way.js";
import { ManualClock } from "../support/clock.js";

const TARGET = { device: 5, service: "urn:x", action: "Act" };

/** A scheduler whose requests the test takes, sends and answers. */
function scene(paceMs = 0) {
  const clock = new ManualClock();
  const requests: Requester[] = [];
  const told: string[] = [];
  const way = new LuupWay(TARGET, "pid1", {
    prepare() {},
    send: (requester) => requests.push(requester),
    cancel: () => told.push("cancelled"),
    urlOf: (path) => path,
  });
  const scheduler = new NotificationScheduler(way, undefined, paceMs, clock, {
    sent: () => told.push("sent"),
    answered: ({ outcome }) => told.push(outcome),
    done: () => told.push("done"),
    fault: (error) => assert.fail(String(error)),
  });
  return {
    ...{ clock, requests, told, scheduler },
    /** The one request that waits leaves, and ends so. */
    answer(outcome: RequestOutcome, wasSent = true): void {
      assert.equal(requests.length, 1);
      const [request] = requests.splice(0);
      request?.sent();
      request?.answered({ outcome, wasSent, text: `it is ${outcome}` }, false);
    },
  };
}

test("data that comes in one pass of the event loop is one request, which names the action and the pid", async () => {
  const { requests, scheduler } = scene();
  scheduler.dataWritten();
  scheduler.dataWritten();
  assert.equal(requests.length, 0);
  await nextPass();
  assert.equal(requests.length, 1);
  const [request] = requests;
  assert.match(request?.path ?? "", /DeviceNum=5&serviceId=urn%3Ax&action=Act&Pid=pid1$/);
  assert.deepEqual([request?.device, request?.action, request?.isRetry], [5, "5/urn:x/Act", false]);
});

test("the pace is kept between requests, and the data of the time between is announced once", async () => {
  const { clock, requests, scheduler, answer } = scene(2000);
  scheduler.dataWritten();
  await nextPass();
  answer("delivered");
  scheduler.dataWritten();
  scheduler.dataWritten();
  await nextPass();
  clock.advance(1999);
  assert.equal(requests.length, 0);
  clock.advance(1);
  assert.equal(requests.length, 1);
  answer("delivered");
  await nextPass();
  assert.equal(clock.pending, 0);
});

test("a failed request is repeated and counted; without the rest of its back-off once the engine answers again", async () => {
  const { clock, requests, scheduler, answer } = scene();
  scheduler.dataWritten();
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    await nextPass();
    clock.advance(30_000);
    answer("failed");
  }
  await nextPass();
  assert.equal(requests.length, 0, "the backoff lasts some seconds by now");
  const { failingMs, repeatInMs = 0 } = scheduler.status;
  assert.equal(failingMs, 90_000);
  assert.ok(repeatInMs > 1000 && repeatInMs <= 30_000, `${repeatInMs}`);
  clock.advance(500);
  scheduler.wayReturned();
  await nextPass();
  assert.deepEqual(
    requests.map(({ isRetry }) => isRetry),
    [true],
  );
  answer("delivered");
  const { sent, retried, failed, lastOutcome } = scheduler.status;
  assert.deepEqual([sent, retried, failed, lastOutcome], [5, 4, 4, "it is delivered"]);
  assert.deepEqual([scheduler.status.failingMs, scheduler.status.repeatInMs], [undefined, undefined]);
});

test("one final request follows the end of the connection, whatever the pace, and covers paced data", async () => {
  const { requests, told, scheduler, answer } = scene(60_000);
  scheduler.dataWritten();
  await nextPass();
  answer("delivered");
  scheduler.dataWritten(); // paced
  await nextPass();
  scheduler.connectionEnded();
  await nextPass();
  answer("delivered");
  await nextPass();
  assert.deepEqual([requests.length, scheduler.done], [0, true]);
  assert.deepEqual(told, ["sent", "delivered", "sent", "delivered", "done"]);
});

test("while the connection is ending nothing is sent before its end", async () => {
  const { requests, scheduler, answer } = scene();
  scheduler.dataWritten();
  scheduler.connectionEnding();
  await nextPass();
  assert.equal(requests.length, 0);
  scheduler.connectionEnded();
  await nextPass();
  answer("delivered");
  assert.equal(scheduler.done, true);
});

test("a reminder is a request, also behind the final one", async () => {
  const { told, scheduler, answer } = scene();
  scheduler.connectionEnded();
  await nextPass();
  answer("delivered");
  scheduler.remind();
  assert.equal(scheduler.done, false);
  await nextPass();
  answer("delivered");
  assert.deepEqual(told, ["sent", "delivered", "done", "sent", "delivered", "done"]);
});

test("an attempt that gets no connection does not count as sent", async () => {
  const { clock, scheduler, answer } = scene();
  scheduler.dataWritten();
  await nextPass();
  answer("failed", false);
  assert.deepEqual([scheduler.status.sent, scheduler.status.failed], [0, 1]);
  await nextPass();
  clock.next();
  answer("delivered");
  assert.deepEqual([scheduler.status.sent, scheduler.status.retried], [1, 1]);
});

test("a final request that fails for a minute is given up", async () => {
  const { clock, told, scheduler, answer } = scene();
  scheduler.connectionEnded();
  const since = clock.now();
  while (!scheduler.done) {
    await nextPass();
    if (clock.pending > 0) clock.next();
    answer("failed");
  }
  assert.equal(told.at(-1), "done");
  assert.equal(clock.now() - since, 60_000);
});

test("a scheduler that gives up sends nothing more and cancels its waiting request", async () => {
  const { clock, requests, told, scheduler, answer } = scene();
  scheduler.dataWritten();
  await nextPass();
  answer("failed");
  await nextPass();
  assert.equal(clock.pending, 1);
  scheduler.giveUp();
  assert.deepEqual([clock.pending, scheduler.done, told.at(-1)], [0, true, "cancelled"]);
  scheduler.dataWritten();
  await nextPass();
  assert.equal(requests.length, 0);
});

/** A scheduler of a way that tells everything, and takes it at once; and what it has told. */
function tellingAll(paceMs: number) {
  const source = { receivedBytes: 0, data: (bytes: number) => ({ event: "data" as const, time: "", bytes, text: "" }) };
  const told: (GatewayEvent | undefined)[] = [];
  const send = (delivery: Delivery): void => {
    told.push(delivery.event);
    delivery.sent();
    delivery.answered({ outcome: "delivered", wasSent: true, text: "" }, false);
  };
  const way = { target: "hub", request: "", description: "", tellsAll: true, send, cancel() {} };
  const nothing = { sent() {}, answered() {}, done() {}, fault: (error: unknown) => assert.fail(String(error)) };
  const scheduler = new NotificationScheduler(way, new PendingEvents(source), paceMs, new ManualClock(), nothing);
  return {
    ...{ told, scheduler },
    /** So many bytes have come in all. */
    async received(bytes: number): Promise<void> {
      source.receivedBytes = bytes;
      scheduler.dataWritten();
      await nextPass();
    },
  };
}

test("a client that takes what has waited for it is no news to a way that tells everything: bytes are told once", async () => {
  const { told, received } = tellingAll(0);
  for (const bytes of [5, 5, 8]) await received(bytes);
  assert.deepEqual(
    told.map((event) => event?.bytes),
    [5, 3],
  );
});

test("the pace of data holds back nothing else that happens", async () => {
  const { told, scheduler, received } = tellingAll(5000);
  for (const bytes of [5, 8]) await received(bytes);
  scheduler.happened({ event: "parked", time: "", text: "" });
  await nextPass();
  assert.deepEqual(
    told.map((event) => event?.event),
    ["data", "parked"],
  );
});
