import assert from "node:assert/strict";
import { test } from "node:test";
import { UnreadLimit } from "#src/sockets/unread-limit.js";
import { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";

const LIMIT_MS = 30_000;

function scene() {
  const clock = new ManualClock();
  const peer = new FakeEnd();
  const reasons: string[] = [];
  const limit = new UnreadLimit(peer, LIMIT_MS, clock, (reason) => reasons.push(reason));
  return { clock, peer, limit, reasons };
}

test("a peer that takes everything is not watched", () => {
  const { clock, peer, limit } = scene();
  limit.write("text");
  assert.deepEqual([peer.text, clock.pending], ["text", 0]);
});

test("a peer that takes nothing for the time is reported, whatever is written to it meanwhile", () => {
  const { clock, peer, limit, reasons } = scene();
  peer.setBusy(true);
  limit.write("one");
  clock.advance(LIMIT_MS - 1);
  limit.write("two");
  assert.deepEqual(reasons, []);
  clock.advance(1);
  assert.deepEqual(reasons, ["has taken nothing for 30 s"]);
});

test("a peer that takes some is given the time again", () => {
  const { clock, peer, limit, reasons } = scene();
  peer.setBusy(true);
  limit.write("much");
  for (let time = 0; time < 3; time += 1) {
    clock.advance(LIMIT_MS - 1);
    peer.setBusy(false); // takes it all
    peer.setBusy(true);
    limit.write("more");
    clock.advance(1);
  }
  assert.deepEqual(reasons, []);
  clock.advance(LIMIT_MS);
  assert.equal(reasons.length, 1);
});

test("a limit that is stopped reports nothing; the next write starts it again", () => {
  const { clock, peer, limit, reasons } = scene();
  peer.setBusy(true);
  limit.write("one");
  limit.stop();
  clock.advance(2 * LIMIT_MS);
  assert.deepEqual(reasons, []);
  limit.write("two");
  clock.advance(LIMIT_MS);
  assert.equal(reasons.length, 1);
});

test("text counts in bytes, not in characters", () => {
  const { clock, peer, limit, reasons } = scene();
  peer.setBusy(true);
  limit.write("äöü€");
  assert.equal(peer.unsent, 9);
  clock.advance(LIMIT_MS);
  assert.equal(reasons.length, 1);
});
