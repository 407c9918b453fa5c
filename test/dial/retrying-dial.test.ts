import assert from "node:assert/strict";
import { test } from "node:test";
import { DialError } from "#src/dial/dial-error.js";
import { retryingDial } from "#src/dial/retrying-dial.js";
import { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";
import { settle } from "../support/mux-parts.js";
import { TestDial } from "../support/test-dial.js";

function setUp(connectTimeoutMs: number, retryDialMs: number, servers = 1) {
  const clock = new ManualClock();
  const begun = clock.now();
  const attempts: TestDial[] = [];
  /** When each attempt began, and how long it may take. */
  const times: string[] = [];
  const rule = { options: { connectTimeoutMs, retryDialMs }, servers };
  const dial = retryingDial(rule, clock, (limitMs) => {
    times.push(`${clock.now() - begun}+${limitMs}`);
    const attempt = new TestDial();
    attempts.push(attempt);
    return attempt;
  });
  const outcome = dial.end.then(
    (end) => end,
    (error: Error) => error.message,
  );
  const failAt = async (ms: number, error: Error): Promise<void> => {
    clock.advance(begun + ms - clock.now());
    attempts.at(-1)?.fail(error);
    await settle();
  };
  const passUntil = async (ms: number): Promise<void> => {
    clock.advance(begun + ms - clock.now());
    await settle();
  };
  return { clock, dial, outcome, attempts, times, failAt, passUntil };
}

const REFUSED = new DialError("connection refused");

test("without RTRY there is one attempt, with all the time", async () => {
  const { outcome, times, failAt } = setUp(60_000, 0);
  await failAt(5, REFUSED);
  assert.deepEqual([await outcome, times], ["connection refused", ["0+60000"]]);
});

test("a refused attempt is followed by the next one RTRY behind its beginning, until one succeeds", async () => {
  const { outcome, attempts, times, failAt, passUntil, clock } = setUp(60_000, 2000);
  await failAt(300, REFUSED);
  await passUntil(1999);
  assert.equal(attempts.length, 1);
  await passUntil(2000);
  await failAt(2001, REFUSED);
  await passUntil(4000);
  const end = new FakeEnd();
  attempts.at(-1)?.succeed(end);
  assert.equal(await outcome, end);
  assert.deepEqual([times, clock.pending], [["0+4000", "2000+4000", "4000+4000"], 0]);
});

test("an attempt takes 4 s for each server, or RTRY where that is longer, and no longer than CTIM", async () => {
  assert.deepEqual(setUp(60_000, 10_000).times, ["0+10000"]);
  assert.deepEqual(setUp(60_000, 500, 3).times, ["0+12000"]);
  assert.deepEqual(setUp(900, 500).times, ["0+900"]);
});

test("the answer comes within CTIM, with the last real reason: not that the time ended the last attempt", async () => {
  const { outcome, times, failAt, passUntil } = setUp(6000, 5000);
  await failAt(10, REFUSED);
  await passUntil(5000);
  await failAt(6000, new DialError("timed out after 1000 ms"));
  assert.deepEqual([await outcome, times], ["connection refused", ["0+5000", "5000+1000"]]);

  const silent = setUp(9000, 1000);
  await silent.failAt(4000, new DialError("timed out after 4000 ms"));
  await silent.passUntil(4100);
  await silent.failAt(8100, new DialError("timed out after 4000 ms"));
  await silent.passUntil(8200);
  await silent.failAt(8300, REFUSED);
  assert.deepEqual(silent.times.length, 3);
  await silent.passUntil(8750);
  await silent.failAt(9000, new DialError("timed out after 250 ms"));
  assert.deepEqual([await silent.outcome, silent.times.at(-1)], ["connection refused", "8750+250"]);

  const over = setUp(4200, 1000);
  await over.failAt(4110, REFUSED);
  assert.deepEqual([await over.outcome, over.times.length], ["connection refused", 1], "no time is left");
});

test("a device that is back near the end of CTIM is found, however long RTRY is", async () => {
  const { outcome, attempts, times, failAt, passUntil } = setUp(4000, 2000);
  await failAt(1, REFUSED);
  await passUntil(2000);
  await failAt(2001, REFUSED);
  await passUntil(3750);
  const end = new FakeEnd();
  attempts.at(-1)?.succeed(end);
  assert.deepEqual([await outcome, times], [end, ["0+4000", "2000+2000", "3750+250"]]);
});

test("a client that waits no longer gets what is under way, and no further attempt", async () => {
  const LEFT = "connection refused, and the client has left";
  const between = setUp(60_000, 1000);
  await between.failAt(10, REFUSED);
  between.dial.endRetries?.();
  assert.deepEqual([await between.outcome, between.attempts.length, between.clock.pending], [LEFT, 1, 0]);
  const during = setUp(60_000, 1000);
  during.dial.endRetries?.();
  await during.failAt(10, REFUSED);
  assert.deepEqual([await during.outcome, during.attempts.length, during.clock.pending], [LEFT, 1, 0]);
  const reached = setUp(60_000, 1000);
  reached.dial.endRetries?.();
  const end = new FakeEnd();
  reached.attempts[0]?.succeed(end);
  assert.equal(await reached.outcome, end);
});

test("what no waiting mends is told at once", async () => {
  const tls = new DialError("TLS: self-signed certificate", {
    cause: Object.assign(new Error("x"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
  });
  const wrapped = new DialError(tls.message, { cause: tls });
  const both = new DialError("a x; b y", { cause: new AggregateError([tls, wrapped]) });
  for (const error of [new DialError("not permitted", {}, true), tls, wrapped, both, new TypeError("a fault")]) {
    const { outcome, failAt, clock } = setUp(60_000, 1000);
    await failAt(10, error);
    assert.deepEqual([await outcome, clock.pending], [error.message, 0]);
  }
  const oneOfTwo = new DialError("a x; b y", { cause: new AggregateError([tls, REFUSED]) });
  assert.equal(oneOfTwo.isFinal, false);
});

test("a client that leaves ends the attempt, and the pause, at once", async () => {
  const during = setUp(60_000, 1000);
  during.dial.abort();
  assert.deepEqual([await during.outcome, during.attempts[0]?.isAborted], ["aborted", true]);
  const between = setUp(60_000, 1000);
  await between.failAt(10, REFUSED);
  between.dial.abort();
  assert.deepEqual([await between.outcome, between.clock.pending], ["given up", 0]);
});

test("RTRY next to nothing: a pause follows each refusal", async () => {
  const { times, failAt, passUntil } = setUp(60_000, 0.001);
  await failAt(0, REFUSED);
  await passUntil(99);
  assert.equal(times.length, 1);
  await passUntil(100);
  assert.equal(times.length, 2);
});
