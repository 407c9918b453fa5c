import assert from "node:assert/strict";
import { test } from "node:test";
import type { Request } from "#src/core/mux/protocol.js";
import { type ClientRequest, PendingRequest } from "#src/mux/pending-request.js";
import { ReadCoalescer } from "#src/mux/read-coalescer.js";

const CACHE_MS = 500;
const READ: Request = { bytes: Buffer.from("read"), reads: true, key: "r" };
const OTHER_READ: Request = { bytes: Buffer.from("other"), reads: true, key: "o" };
const WRITE: Request = { bytes: Buffer.from("write"), reads: false };
const ANSWER = Buffer.from("answer");

function pendingOf(request: Request): PendingRequest {
  return new PendingRequest({ request } as unknown as ClientRequest, false);
}

/** The read goes out at `now`, and its answer comes at once. */
function answered(coalescer: ReadCoalescer, now: number, { isFailure = false } = {}): void {
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  coalescer.answered(pending, ANSWER, isFailure, now);
  coalescer.finished(pending);
}

test("an answer is given again to identical reads while it is fresh", () => {
  const coalescer = new ReadCoalescer(CACHE_MS);
  assert.equal(coalescer.canAnswer(READ, 0), false);
  answered(coalescer, 1000);
  assert.equal(String(coalescer.cached(READ, 1499)), "answer");
  assert.equal(coalescer.canAnswer(READ, 1499), true);
  assert.equal(coalescer.cached(READ, 1500), undefined);
  assert.equal(coalescer.cached(OTHER_READ, 1000), undefined);
  assert.equal(coalescer.cached(WRITE, 1000), undefined);
});

test("a failure is not given again", () => {
  const coalescer = new ReadCoalescer(CACHE_MS);
  answered(coalescer, 1000, { isFailure: true });
  assert.equal(coalescer.cached(READ, 1000), undefined);
});

test("identical reads join the one that is under way, as long as some client waits for it", () => {
  const coalescer = new ReadCoalescer(CACHE_MS);
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  assert.equal(coalescer.joinable(READ), pending);
  assert.equal(coalescer.joinable(OTHER_READ), undefined);
  pending.waiters.clear();
  assert.equal(coalescer.joinable(READ), undefined);
});

test("no read joins one that has its answer, or has failed", () => {
  const coalescer = new ReadCoalescer(CACHE_MS);
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  coalescer.finished(pending);
  assert.equal(coalescer.joinable(READ), undefined);
});

test("the end of an older read leaves the younger one joinable", () => {
  const coalescer = new ReadCoalescer(CACHE_MS);
  const [older, younger] = [pendingOf(READ), pendingOf(READ)];
  coalescer.sent(older);
  coalescer.invalidate();
  coalescer.sent(younger);
  coalescer.finished(older);
  assert.equal(coalescer.joinable(READ), younger);
});

for (const [when, write] of [
  ["begins", (coalescer: ReadCoalescer) => coalescer.sent(pendingOf(WRITE))],
  ["ends", (coalescer: ReadCoalescer) => coalescer.finished(pendingOf(WRITE))],
] as const) {
  test(`when a write ${when}, answers from before it are worth nothing`, () => {
    const coalescer = new ReadCoalescer(CACHE_MS);
    answered(coalescer, 1000);
    const underWay = pendingOf(OTHER_READ);
    coalescer.sent(underWay);
    write(coalescer);
    assert.equal(coalescer.cached(READ, 1001), undefined);
    assert.equal(coalescer.joinable(OTHER_READ), undefined);
    coalescer.answered(underWay, ANSWER, false, 1002);
    assert.equal(coalescer.cached(OTHER_READ, 1002), undefined, "its value may be from before the write");
  });
}

test("CACH=0 shares nothing", () => {
  const coalescer = new ReadCoalescer(0);
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  assert.equal(coalescer.joinable(READ), undefined);
  coalescer.answered(pending, ANSWER, false, 1000);
  assert.equal(coalescer.cached(READ, 1000), undefined);
});
