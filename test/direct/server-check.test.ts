import assert from "node:assert/strict";
import { test } from "node:test";
import { DialError } from "#src/dial/dial-error.js";
import { type CheckRule, ServerCheck } from "#src/direct/server-check.js";
import { ManualClock } from "../support/clock.js";
import { settle } from "../support/mux-parts.js";
import { TestDial } from "../support/test-dial.js";

const EVERY_MS = 10_000;

/** A check whose attempts end when the test says so. */
function setUp(when: CheckRule["when"]) {
  const clock = new ManualClock();
  const told: string[] = [];
  const begin = clock.now();
  const attempts: TestDial[] = [];
  const state = { isUp: true };
  const check = new ServerCheck(
    { when, everyMs: EVERY_MS, timeoutMs: 4000 },
    {
      clock: () => clock,
      isUp: () => state.isUp,
      dial: (timeoutMs) => {
        assert.equal(timeoutMs, 4000);
        const attempt = new TestDial();
        attempts.push(attempt);
        return attempt;
      },
      reached: () => void told.push("reached"),
      failed: ({ message }, since) => void told.push(`failed since ${since - begin}: ${message}`),
      fault: (text) => void told.push(`fault ${text}`),
    },
  );
  return { clock, told, attempts, state, check };
}

test("the first check comes within half a second; it disconnects at once, and the next one comes every HLTH seconds, ±10 %", async () => {
  const { clock, told, attempts } = setUp("always");
  assert.equal(attempts.length, 0);
  clock.advance(500);
  assert.equal(attempts.length, 1);
  clock.advance(60_000);
  assert.equal(attempts.length, 1, "one at a time");
  const end = attempts[0]?.succeed();
  await settle();
  assert.deepEqual([told, end?.gone], [["reached"], true]);
  clock.advance(0.9 * EVERY_MS - 1);
  assert.equal(attempts.length, 1);
  clock.advance(0.2 * EVERY_MS + 2);
  assert.equal(attempts.length, 2);
});

test("a failed check says when it began", async () => {
  const { clock, told, attempts } = setUp("always");
  clock.next();
  const since = Math.round(clock.now());
  clock.advance(700);
  attempts[0]?.fail(new DialError("timed out"));
  await settle();
  assert.match(told[0] ?? "", /^failed since [\d.]+: timed out$/);
  assert.ok(Math.abs(Number(/[\d.]+/.exec(told[0] ?? "")?.[0]) - (since - 1000)) <= 1);
});

test("a fault is no failure of the server, and the checks go on", async () => {
  const { clock, told, attempts } = setUp("always");
  clock.advance(500);
  attempts[0]?.fail(new TypeError("broken"));
  await settle();
  assert.match(told[0] ?? "", /^fault fault in the program: TypeError: broken/);
  clock.advance(1.1 * EVERY_MS);
  assert.equal(attempts.length, 2);
});

test("while-down: only a server that is down is checked, until it is up", async () => {
  const { clock, attempts, state, check } = setUp("while-down");
  clock.advance(60_000);
  assert.equal(attempts.length, 0);
  state.isUp = false;
  check.changed();
  clock.advance(1.1 * EVERY_MS);
  assert.equal(attempts.length, 1);
  state.isUp = true;
  attempts[0]?.succeed();
  await settle();
  assert.equal(clock.pending, 0);
});

test("never is never", () => {
  const { clock, state, check } = setUp("never");
  state.isUp = false;
  check.changed();
  assert.equal(clock.pending, 0);
});

test("a reload checks soon, by its rule", () => {
  const { clock, attempts, check } = setUp("never");
  check.configure({ when: "always", everyMs: EVERY_MS, timeoutMs: 4000 });
  clock.advance(500);
  assert.equal(attempts.length, 1);
});

test("a reload during an attempt begins no second one", () => {
  const { clock, attempts, check } = setUp("always");
  clock.advance(500);
  check.configure({ when: "always", everyMs: EVERY_MS, timeoutMs: 4000 });
  clock.advance(60_000);
  assert.equal(attempts.length, 1);
});

test("a stopped check gives up its attempt, and makes no other", async () => {
  const { clock, attempts, check } = setUp("always");
  clock.advance(500);
  check.stop();
  await settle();
  check.configure({ when: "always", everyMs: EVERY_MS, timeoutMs: 4000 });
  clock.advance(60_000);
  assert.deepEqual([attempts.length, attempts[0]?.isAborted, clock.pending], [1, true, 0]);
});
