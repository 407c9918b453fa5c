import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type DirectRoute, parseDirectRoute } from "#src/core/direct/direct-line.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import type { Dial } from "#src/dial/dial.js";
import { DialError } from "#src/dial/dial-error.js";
import { FailoverDial } from "#src/direct/failover-dial.js";
import { TelegramEnd } from "#src/direct/telegram-end.js";
import { TelegramScheduler } from "#src/direct/telegram-scheduler.js";
import type { Upstream } from "#src/direct/upstream.js";
import type { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";
import { settle } from "../support/mux-parts.js";
import { servicesHere } from "../support/services.js";
import { TestDial } from "../support/test-dial.js";

/** A server whose attempts end when the test says so. */
class TestUpstream {
  readonly name: string;
  readonly told: string[] = [];
  attempt = new TestDial();

  constructor(name: string) {
    this.name = name;
  }

  dial(_origin: unknown, timeoutMs: number): Dial {
    this.told.push(`dial ${timeoutMs}`);
    this.attempt = new TestDial();
    return this.attempt;
  }

  connected(): void {
    this.told.push("connected");
  }

  failed({ message }: DialError, _since: number, timeoutMs: number): void {
    this.told.push(`failed ${message} within ${timeoutMs}`);
  }

  release(): void {
    this.told.push("release");
  }
}

function setUp(t: TestContext, options = "CTIM=9000", names = ["a", "b"]) {
  const { clock, generation } = servicesHere(t);
  const parsed = parseDirectRoute(`${names.map((_, index) => `127.0.0.1:${index + 1}`).join(",")} ${options}`);
  if (!parsed.ok) throw new Error(parsed.message);
  const route: DirectRoute = parsed.value;
  const upstreams = names.map((name) => new TestUpstream(name));
  const telegrams = new TelegramScheduler(route.direct, clock);
  const dial = new FailoverDial(
    upstreams as unknown as Upstream[],
    sharedOrigin("client"),
    route.options.connectTimeoutMs,
    generation.context,
    telegrams,
  );
  const outcome = dial.end.then(
    (end) => end,
    (error: Error) => error.message,
  );
  return { clock, dial, outcome, upstreams };
}

/** Time passes, then an attempt fails. */
async function failAfter(
  clock: ManualClock,
  ms: number,
  upstream: TestUpstream | undefined,
  reason: string,
): Promise<void> {
  clock.advance(ms);
  upstream?.attempt.fail(new DialError(reason));
  await settle();
}

test("the first server that can be reached gets the client", async (t) => {
  const { dial, outcome, upstreams } = setUp(t);
  const [a, b] = upstreams;
  const end = new FakeEnd();
  a?.attempt.succeed(end);
  assert.equal(await outcome, end);
  assert.deepEqual([a?.told, b?.told, dial.serverLease], [["dial 4500", "connected"], [], a]);
});

test("the next server is tried with the time that is left; the reasons of all stand in the error", async (t) => {
  const { clock, dial, outcome, upstreams } = setUp(t);
  const [a, b] = upstreams;
  await failAfter(clock, 1000, a, "connection refused");
  assert.deepEqual(a?.told, ["dial 4500", "failed connection refused within 4500"]);
  assert.deepEqual(b?.told, ["dial 8000"]);
  await failAfter(clock, 8000, b, "timed out");
  assert.equal(await outcome, "a connection refused; b timed out");
  assert.equal(dial.serverLease, undefined);
});

test("the error of a single server does not name it: the client knows its port", async (t) => {
  const { clock, outcome, upstreams } = setUp(t, "CTIM=9000", ["a"]);
  await failAfter(clock, 0, upstreams[0], "connection refused");
  assert.equal(await outcome, "connection refused");
});

test("a client that goes away gives up the attempt, without a word about the server", async (t) => {
  const { dial, outcome, upstreams } = setUp(t);
  dial.abort();
  assert.equal(await outcome, "aborted");
  assert.deepEqual(
    upstreams.map(({ told }) => told),
    [["dial 4500", "release"], []],
  );
});

test("where no server can be reached ever, to try again is of no use", async (t) => {
  for (const [isFinal, expected] of [
    [true, true],
    [false, false],
  ] as const) {
    const { dial, upstreams } = setUp(t);
    upstreams[0]?.attempt.fail(new DialError("not permitted", {}, true));
    await settle();
    upstreams[1]?.attempt.fail(new DialError("x", {}, isFinal));
    const error = await dial.end.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof DialError);
    assert.equal(error.isFinal, expected);
  }
});

test("a fault is told as it is, and releases the server", async (t) => {
  const { outcome, upstreams } = setUp(t);
  upstreams[0]?.attempt.fail(new TypeError("broken"));
  assert.equal(await outcome, "broken");
  assert.deepEqual(upstreams[0]?.told, ["dial 4500", "release"]);
});

test("RATE and CACH put the server under the rules of the line", async (t) => {
  const { outcome, upstreams } = setUp(t, "RATE=10");
  upstreams[0]?.attempt.succeed();
  assert.ok((await outcome) instanceof TelegramEnd);
});
