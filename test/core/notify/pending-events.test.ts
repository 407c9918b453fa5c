import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EventName, GatewayEvent } from "#src/core/events/gateway-event.js";
import { NotificationPacer, type RequestKind } from "#src/core/notify/notification-pacer.js";
import { MAX_NOTICES, PendingEvents } from "#src/core/notify/pending-events.js";

function event(name: EventName, bytes = 0, remote = "a:1"): GatewayEvent {
  return { event: name, time: "2026-11-30T07:00:00.000Z", remote, bytes, text: `${name} ${bytes}` };
}

/** What happens to a connection, and what becomes of its requests. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("bytes" as const), count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant("notice" as const) }),
    fc.record({
      kind: fc.constant("request" as const),
      outcome: fc.constantFrom("delivered", "rejected", "failed", "timed-out"),
    }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
  ),
  { maxLength: 60 },
);

test("whatever fails: what is taken is in order, its bytes are those of the remote, and the end comes last", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 5000 }), (happening, paceMs) => {
      const source = { receivedBytes: 0, data: (bytes: number) => event("data", bytes) };
      const pending = new PendingEvents(source);
      const pacer = new NotificationPacer({ paceMs, backoff: { firstMs: 500, maxMs: 30_000 }, finalRetryMs: 60_000 });
      const taken: GatewayEvent[] = [];
      let [now, notices, dropped] = [0, 0, 0];
      let dataAt = Number.NEGATIVE_INFINITY;
      const request = (outcome: "delivered" | "rejected" | "failed" | "timed-out"): void => {
        if (pacer.next(now).kind !== "send") return;
        const kind: RequestKind = pacer.requestKind;
        const told = pending.take(kind);
        assert.ok(told);
        pacer.sent(now);
        const isOver = outcome === "delivered" || outcome === "rejected";
        if (isOver) pending.told(kind);
        pacer.finished(outcome, now, 0);
        if (told.event === "data" && isOver) {
          assert.ok(now - dataAt >= paceMs, "the pace is kept");
          dataAt = now;
        }
        if (isOver) taken.push(told);
      };
      for (const step of happening) {
        if (step.kind === "pass") now += step.ms;
        if (step.kind === "request") request(step.outcome as "failed");
        if (step.kind === "bytes") {
          source.receivedBytes += step.count;
          pacer.dataWritten();
        }
        if (step.kind !== "notice") continue;
        const more = pending.add(event(notices % 2 === 0 ? "parked" : "resumed", notices));
        if (more > 0) pacer.noticeAdded();
        if (more < 0) pacer.noticeDropped();
        if (more <= 0) dropped += 1 - more;
        notices += 1;
      }
      const { receivedBytes } = source;
      pending.end(event("closed", receivedBytes));
      pacer.connectionEnded(now);
      while (!pacer.done) {
        now += 40_000;
        request("delivered");
      }
      const told = taken
        .filter(({ event: name }) => name === "parked" || name === "resumed")
        .map(({ bytes = 0 }) => bytes);
      assert.deepEqual(
        told,
        [...told].sort((one, other) => one - other),
      );
      assert.equal(told.length, notices - dropped);
      const announced = taken
        .filter(({ event: name }) => name === "data")
        .reduce((sum, { bytes = 0 }) => sum + bytes, 0);
      assert.ok(announced <= receivedBytes);
      assert.deepEqual([taken.at(-1)?.event, taken.at(-1)?.bytes], ["closed", receivedBytes]);
    }),
    { numRuns: 300 },
  );
});

test("too many notices: opposites cancel each other, or else the oldest one goes that is not under way", () => {
  const pending = new PendingEvents(undefined, 3);
  const names = (): (string | undefined)[] => {
    const all: (string | undefined)[] = [];
    for (let one = pending.take("notice"); one !== undefined; one = pending.take("notice")) {
      all.push(one.text);
      pending.told("notice");
    }
    return all;
  };
  for (const [name, remote] of [
    ["server-down", "a"],
    ["server-down", "b"],
    ["server-down", "c"],
  ] as const) {
    assert.equal(pending.add(event(name, 0, remote)), 1);
  }
  assert.equal(pending.add(event("server-back", 1, "c")), -1);
  assert.equal(pending.add(event("server-back", 2, "a")), 1);
  assert.equal(pending.add(event("server-back", 3, "b")), 0);
  assert.deepEqual(names(), ["server-down 0", "server-back 2", "server-back 3"]);
  assert.ok(MAX_NOTICES > 2);
});

test("another process goes on with what has been told: bytes that came meanwhile are news, and the others are not", () => {
  const pending = new PendingEvents({ receivedBytes: 100, data: (bytes) => event("data", bytes) });
  assert.equal(pending.hasNewBytes, false);
  pending.restore([event("parked")], 60);
  assert.deepEqual([pending.hasNewBytes, pending.toldBytes, pending.notices.length], [true, 60, 1]);
  assert.equal(pending.take("data")?.bytes, 40);
});
