import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NotificationPacer, type RequestOutcome } from "#src/core/notify/notification-pacer.js";

const rules = { paceMs: 0, backoff: { firstMs: 500, maxMs: 30_000 }, finalRetryMs: 60_000 };

/** Expects the next step to be a request, and sends it at once. */
function send(pacer: NotificationPacer, now: number): void {
  assert.deepEqual(pacer.next(now), { kind: "send" });
  pacer.sent(now);
}

test("the first data is announced at once", () => {
  const pacer = new NotificationPacer({ ...rules, paceMs: 5000 });
  assert.deepEqual(pacer.next(0), { kind: "idle" });
  pacer.dataWritten();
  assert.deepEqual(pacer.next(0), { kind: "send" });
});

test("data within the pace is announced once, when the pace allows it", () => {
  const pacer = new NotificationPacer({ ...rules, paceMs: 5000 });
  pacer.dataWritten();
  send(pacer, 100);
  pacer.finished("delivered", 110, 0);
  assert.deepEqual(pacer.next(120), { kind: "idle" });
  pacer.dataWritten();
  pacer.dataWritten();
  assert.deepEqual(pacer.next(130), { kind: "wait", until: 5100 });
  send(pacer, 5100);
  pacer.finished("delivered", 5101, 0);
  assert.deepEqual(pacer.next(99_999), { kind: "idle" });
});

test("one request at a time; data that arrives meanwhile makes one more", () => {
  const pacer = new NotificationPacer(rules);
  pacer.dataWritten();
  send(pacer, 0);
  pacer.dataWritten();
  pacer.dataWritten();
  assert.deepEqual(pacer.next(1), { kind: "idle" });
  pacer.finished("delivered", 3000, 0);
  send(pacer, 3000);
  pacer.finished("delivered", 3001, 0);
  assert.deepEqual(pacer.next(3001), { kind: "idle" });
});

test("a request covers data that arrives before it leaves", () => {
  const pacer = new NotificationPacer(rules);
  pacer.dataWritten();
  pacer.next(0);
  pacer.dataWritten();
  pacer.sent(10);
  pacer.finished("delivered", 11, 0);
  assert.deepEqual(pacer.next(11), { kind: "idle" });
});

test("the final notification ignores the pace and covers unannounced data", () => {
  const pacer = new NotificationPacer({ ...rules, paceMs: 60_000 });
  pacer.dataWritten();
  send(pacer, 0);
  pacer.finished("delivered", 1, 0);
  pacer.dataWritten();
  pacer.connectionEnded(10);
  send(pacer, 10);
  pacer.finished("delivered", 11, 0);
  assert.equal(pacer.done, true);
  pacer.dataWritten();
  pacer.connectionEnded(20);
  assert.deepEqual(pacer.next(99_999), { kind: "idle" });
});

test("a queued request becomes the final one at the end; a request that has left is followed by the final one", () => {
  const queued = new NotificationPacer(rules);
  queued.dataWritten();
  queued.next(0);
  queued.connectionEnded(1);
  queued.sent(2);
  queued.finished("delivered", 3, 0);
  assert.equal(queued.done, true);

  const left = new NotificationPacer(rules);
  left.dataWritten();
  send(left, 0);
  left.connectionEnded(1);
  left.finished("delivered", 3, 0);
  send(left, 3);
  left.finished("delivered", 4, 0);
  assert.equal(left.done, true);
});

test("a failed request is repeated with backoff as long as the connection lives", () => {
  const pacer = new NotificationPacer(rules);
  pacer.dataWritten();
  let now = 0;
  for (const wait of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    assert.deepEqual(pacer.next(now), { kind: "send" });
    pacer.finished("failed", now, 0);
    assert.deepEqual(pacer.next(now), { kind: "wait", until: now + wait });
    now += wait;
  }
  send(pacer, now);
  pacer.finished("delivered", now, 0);
  assert.deepEqual(pacer.next(now), { kind: "idle" });
});

test("after the engine answers again, a repetition waits at most half a second", () => {
  const pacer = new NotificationPacer(rules);
  pacer.dataWritten();
  for (let now = 0; now < 100_000; now += 10_000) {
    pacer.retrySoon();
    send(pacer, now);
    pacer.finished("failed", now, 0);
  }
  assert.deepEqual(pacer.next(90_001), { kind: "wait", until: 120_000 });
  pacer.retrySoon();
  assert.deepEqual(pacer.next(90_001), { kind: "wait", until: 90_500 });
});

test("a failure does not count for the pace; a timeout does, because the action may be running", () => {
  const pacer = new NotificationPacer({ ...rules, paceMs: 60_000 });
  pacer.dataWritten();
  send(pacer, 0);
  pacer.finished("failed", 1, 0);
  assert.deepEqual(pacer.next(1), { kind: "wait", until: 501 });
  send(pacer, 501);
  pacer.finished("timed-out", 5501, 0);
  assert.deepEqual(pacer.next(5501), { kind: "wait", until: 60_501 });
});

test("a rejected request is not repeated, but new data is announced", () => {
  const pacer = new NotificationPacer(rules);
  pacer.dataWritten();
  send(pacer, 0);
  pacer.finished("rejected", 1, 0);
  assert.deepEqual(pacer.next(99_999), { kind: "idle" });
  pacer.dataWritten();
  assert.deepEqual(pacer.next(99_999), { kind: "send" });
});

test("a failing final notification is repeated for its time, with a last attempt at the end", () => {
  const pacer = new NotificationPacer(rules);
  pacer.connectionEnded(0);
  let attempts = 0;
  let now = 0;
  while (!pacer.done) {
    const step = pacer.next(now);
    if (step.kind === "wait") now = step.until;
    assert.ok(step.kind !== "idle");
    if (step.kind !== "send") continue;
    attempts += 1;
    pacer.sent(now);
    pacer.finished("failed", now, 0.5);
  }
  assert.equal(now, 60_000);
  assert.ok(attempts >= 6, String(attempts));
});

test("unread data is announced again, even after the end", () => {
  const pacer = new NotificationPacer(rules);
  pacer.remind(0);
  send(pacer, 0);
  pacer.finished("delivered", 1, 0);
  pacer.connectionEnded(2);
  send(pacer, 2);
  pacer.finished("delivered", 3, 0);
  pacer.remind(100);
  assert.equal(pacer.done, false);
  send(pacer, 100);
  pacer.finished("delivered", 101, 0);
  assert.equal(pacer.done, true);
});

test("for any order of events: one request at a time, the pace is kept, all data and the end are announced", () => {
  const event = fc.record({
    kind: fc.constantFrom("data", "data", "tick", "answer"),
    outcome: fc.constantFrom<RequestOutcome>("delivered", "delivered", "rejected", "failed", "timed-out"),
    ms: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), fc.nat(4000), (events, paceMs) => {
      const pacer = new NotificationPacer({ ...rules, paceMs });
      let now = 0;
      let lastGood = Number.NEGATIVE_INFINITY;
      let sentAt = 0;
      let under: "nothing" | "request" = "nothing";
      let unannounced = 0;
      const look = (): void => {
        const step = pacer.next(now);
        if (step.kind !== "send") return;
        assert.equal(under, "nothing");
        if (!pacer.finalPending) assert.ok(now >= lastGood + paceMs, "pace kept");
        under = "request";
        pacer.sent(now);
        sentAt = now;
        unannounced = 0;
      };
      const answer = (outcome: RequestOutcome): void => {
        if (under === "nothing") return;
        under = "nothing";
        if (outcome === "failed") unannounced += 1;
        else lastGood = sentAt;
        if (outcome === "timed-out") unannounced += 1;
        pacer.finished(outcome, now, 0);
      };
      for (const { kind, outcome, ms } of events) {
        now += kind === "tick" ? ms : 1;
        if (kind === "data") {
          pacer.dataWritten();
          unannounced += 1;
        }
        if (kind === "answer") answer(outcome);
        look();
      }
      const settle = (): void => {
        answer("delivered");
        for (let step = pacer.next(now); step.kind !== "idle"; step = pacer.next(now)) {
          if (step.kind === "wait") now = step.until;
          else {
            pacer.sent(now);
            unannounced = 0;
            pacer.finished("delivered", now, 0);
          }
        }
      };
      settle();
      assert.equal(unannounced, 0, "all data announced");
      pacer.connectionEnded(now);
      assert.equal(pacer.finalPending, true);
      settle();
      assert.equal(pacer.done, true);
    }),
  );
});

test("after giving up nothing is sent, whatever was due", () => {
  const pacer = new NotificationPacer(rules);
  pacer.dataWritten();
  pacer.giveUp();
  assert.equal(pacer.done, true);
  pacer.connectionEnded(1);
  assert.deepEqual(pacer.next(1), { kind: "idle" });
});

test("who wants to be left alone for longer than a final notification is repeated is asked once more then", () => {
  const pacer = new NotificationPacer(rules);
  pacer.connectionEnded(0);
  send(pacer, 0);
  pacer.finished("failed", 0, 0.5, 120_000);
  assert.deepEqual(pacer.next(0), { kind: "wait", until: 120_000 });
  send(pacer, 120_000);
  pacer.finished("failed", 120_000, 0.5);
  assert.equal(pacer.done, true);
});
