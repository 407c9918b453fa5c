import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkKeepalive } from "#src/tunnel/link-keepalive.js";
import { ManualClock } from "../support/clock.js";

const PROBE_MS = 30_000;

function fixture({ probeMs = PROBE_MS, answersPings = true } = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const link = { paused: false, answersPings };
  const keepalive = new LinkKeepalive(probeMs, clock, {
    isPaused: () => link.paused,
    answersPings: () => link.answersPings,
    sendPing: () => void asked.push("ping"),
    sendNoOp: () => void asked.push("no-op"),
    lost: (reason) => {
      asked.push(reason);
      keepalive.stop();
    },
  });
  keepalive.start();
  return { keepalive, clock, link, asked };
}

test("a silent peer that answers pings gets two, and is lost after three intervals", () => {
  const { clock, asked } = fixture();
  clock.advance(PROBE_MS - 1);
  assert.deepEqual(asked, []);
  clock.advance(1);
  clock.advance(PROBE_MS);
  assert.deepEqual(asked, ["ping", "ping"]);
  clock.advance(PROBE_MS);
  assert.deepEqual(asked, ["ping", "ping", "silent for 90 s"]);
  assert.equal(clock.pending, 0);
});

test("a peer that is heard is not asked, and all is forgiven", () => {
  const { keepalive, clock, asked } = fixture();
  clock.advance(2 * PROBE_MS);
  assert.deepEqual(asked.splice(0), ["ping", "ping"]);
  keepalive.heard();
  clock.advance(2 * PROBE_MS);
  assert.deepEqual(asked.splice(0), ["ping", "ping"]);
  for (let round = 0; round < 10; round += 1) {
    keepalive.heard();
    clock.advance(PROBE_MS - 1);
  }
  assert.deepEqual(asked, []);
});

test("a peer of another make gets a command without meaning each time, and is never lost for silence", () => {
  const { clock, asked } = fixture({ answersPings: false });
  clock.advance(4 * PROBE_MS);
  assert.deepEqual(asked, ["no-op", "no-op", "no-op", "no-op"]);
});

test("a paused link cannot hear its peer, so it asks nothing", () => {
  const { clock, link, asked } = fixture();
  link.paused = true;
  clock.advance(10 * PROBE_MS);
  assert.deepEqual(asked, []);
  link.paused = false;
  clock.advance(PROBE_MS);
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
