import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientRequest, PendingRequest } from "#src/mux/pending-request.js";

function first(reads: boolean, isRepeat = false): ClientRequest {
  return { request: { bytes: Buffer.alloc(0), reads }, isRepeat } as unknown as ClientRequest;
}

test("a read may go out a second time, as long as no client has a part of its answer; a write and a repeat may not", () => {
  const read = new PendingRequest(first(true));
  assert.equal(read.mayRepeat, true);
  read.answerBegun = true;
  assert.equal(read.mayRepeat, false);
  assert.equal(new PendingRequest(first(true, true)).mayRepeat, false);
  assert.equal(new PendingRequest(first(false)).mayRepeat, false);
});

test("a request is wanted while a client waits for it", () => {
  const request = first(true);
  const pending = new PendingRequest(request);
  assert.equal(pending.isWanted, true);
  pending.waiters.delete(request);
  assert.equal(pending.isWanted, false);
});

test("what has not gone out may go out once more, whatever it is", () => {
  const pending = new PendingRequest(first(false, true));
  assert.equal(pending.mayRepeat, false);
  pending.hasNotGoneOut();
  assert.equal(pending.mayRepeat, true);
});

test("a read that the device turned away with its link may go out once more, unless it was lost before; a write may not", () => {
  for (const [reads, isRepeat, mayRepeat] of [
    [true, false, true],
    [true, true, false],
    [false, false, false],
  ] as const) {
    const pending = new PendingRequest(first(reads, isRepeat));
    assert.equal(pending.lossCounts, true);
    pending.wasTurnedAway();
    assert.deepEqual([pending.mayRepeat, pending.lossCounts], [mayRepeat, false]);
  }
});
