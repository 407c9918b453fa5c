import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkKeepalive } from "#src/tunnel/link-keepalive.js";
import { ManualClock } from "../support/clock.js";

const PROBE_MS = 30_000;
const ANSWER_MS = 6000;

function fixture({ probeMs = PROBE_MS, answersPings = true } = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const link: { paused: boolean; answersPings: boolean; repeated?: number } = { paused: false, answersPings };
  const keepalive = new LinkKeepalive(probeMs, clock, {
    isPaused: () => link.paused,
    answersPings: () => link.answersPings,
    sendPing: () => void asked.push("ping"),
    sendNoOp: () => void asked.push("no-op"),
    unanswered: () => Promise.resolve(link.repeated),
    lost: (reason) => {
      asked.push(reason);
      keepalive.stop();
    },
  });
  keepalive.start();
  return { keepalive, clock, link, asked };
}

/** Lets time pass, second by second, and promises settle. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a silent peer that answers pings gets two, and is lost after 42 s", () => {
  const { clock, asked } = fixture();
  clock.advance(PROBE_MS - 1);
  assert.deepEqual(asked, []);
  clock.advance(1);
  assert.deepEqual(asked, ["ping"]);
  clock.advance(ANSWER_MS);
  assert.deepEqual(asked, ["ping", "ping"]);
  clock.advance(ANSWER_MS);
  assert.deepEqual(asked, ["ping", "ping", "silent for 42 s"]);
  assert.equal(clock.pending, 0);
});

test("the first question comes when the silence is as long as it may be, whenever it began", () => {
  for (const heardAtMs of [1, 15_000, 29_999]) {
    const { keepalive, clock, asked } = fixture();
    clock.advance(heardAtMs);
    keepalive.heard();
    clock.advance(PROBE_MS - 1);
    assert.deepEqual(asked, []);
    clock.advance(1);
    assert.deepEqual(asked, ["ping"]);
  }
});

test("a short interval is the limit of an answer, too", () => {
  const { clock, asked } = fixture({ probeMs: 1000 });
  clock.advance(3000);
  assert.deepEqual(asked, ["ping", "ping", "silent for 3 s"]);
});

test("findWithin: a loss is found in that time, 3 s at the least, and never later than before", () => {
  for (const [withinMs, foundMs] of [
    [30_000, 22_000],
    [9000, 9000],
    [100, 3000],
    [1_000_000, 42_000],
  ] as const) {
    const { keepalive, clock, asked } = fixture();
    clock.advance(500);
    keepalive.heard();
    keepalive.findWithin(withinMs);
    clock.advance(foundMs - 1);
    assert.deepEqual(asked, ["ping", "ping"], `${withinMs}`);
    clock.advance(1);
    assert.match(asked.at(-1) ?? "", /^silent for/, `${withinMs}`);
  }
  const { keepalive, clock, asked } = fixture({ probeMs: 0 });
  keepalive.findWithin(1000);
  clock.advance(60_000);
  assert.deepEqual(asked, [], "0 is never");
});

test("a peer that is heard is not asked, and all is forgiven", () => {
  const { keepalive, clock, asked } = fixture();
  for (const _ of [1, 2]) {
    clock.advance(PROBE_MS + ANSWER_MS);
    assert.deepEqual(asked.splice(0), ["ping", "ping"]);
    keepalive.heard();
  }
  for (let round = 0; round < 10; round += 1) {
    keepalive.heard();
    clock.advance(PROBE_MS - 1);
  }
  assert.deepEqual(asked, []);
});

test("a peer of another make gets a command without meaning; that its kernel acknowledges it is its answer", async () => {
  const { clock, asked } = fixture({ answersPings: false });
  await pass(clock, 4 * (PROBE_MS + ANSWER_MS));
  assert.deepEqual(asked, ["no-op", "no-op", "no-op", "no-op"]);
});

test("a peer of another make is lost when its kernel acknowledges nothing, however often ours repeats it", async () => {
  const { clock, asked, link } = fixture({ answersPings: false });
  link.repeated = 2;
  await pass(clock, PROBE_MS + 3 * ANSWER_MS);
  assert.deepEqual(asked, ["no-op"], "the way may be slow");
  link.repeated = 5;
  await pass(clock, 2 * ANSWER_MS);
  assert.deepEqual(asked, ["no-op", "silent for 60 s"]);
  assert.equal(clock.pending, 0);
});

test("a peer of another make that speaks while the kernel is asked is not lost", async () => {
  const { keepalive, clock, asked, link } = fixture({ answersPings: false });
  link.repeated = 5;
  await pass(clock, PROBE_MS + ANSWER_MS);
  keepalive.heard();
  await pass(clock, PROBE_MS - 1000);
  assert.deepEqual(asked, ["no-op"]);
});

test("a paused link cannot hear its peer, so it asks nothing", () => {
  const { clock, link, asked } = fixture();
  link.paused = true;
  clock.advance(10 * PROBE_MS);
  assert.deepEqual(asked, []);
  link.paused = false;
  clock.advance(ANSWER_MS);
  assert.deepEqual(asked, ["ping"]);
});

test("a process that stood still asks before it blames the peer", () => {
  const { clock, asked } = fixture();
  clock.standStill(100 * PROBE_MS);
  clock.advance(0);
  assert.deepEqual(asked, ["ping"]);
});

test("0: nobody is asked; stop leaves no timer", () => {
  assert.equal(fixture({ probeMs: 0 }).clock.pending, 0);
  const { keepalive, clock } = fixture();
  keepalive.stop();
  assert.equal(clock.pending, 0);
});
