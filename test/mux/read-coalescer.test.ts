import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Request } from "#src/core/mux/protocol.js";
import { type ClientRequest, PendingRequest } from "#src/mux/pending-request.js";
import { ReadCoalescer } from "#src/mux/read-coalescer.js";
import { unwrap, words, wrap } from "../support/modbus.js";
import { muxRoute, requestOf } from "../support/mux-parts.js";
import { Random } from "../support/random.js";

const CACHE_MS = 500;
const READ: Request = { bytes: Buffer.from("read"), reads: true, key: "r" };
const OTHER_READ: Request = { bytes: Buffer.from("other"), reads: true, key: "o" };
const WRITE: Request = { bytes: Buffer.from("write"), reads: false };
const ANSWER = Buffer.from("answer");

function pendingOf(request: Request, sentAt = 0): PendingRequest {
  const pending = new PendingRequest({ request } as unknown as ClientRequest);
  pending.sentAt = sentAt;
  return pending;
}

function setUp(cacheMs: number): ReadCoalescer {
  const { mux } = muxRoute(`PROT=conbus CACH=${cacheMs}`);
  return new ReadCoalescer(() => mux);
}

/** The read goes out at `now`, and its answer comes at once. */
function answered(coalescer: ReadCoalescer, now: number, { isFailure = false } = {}): void {
  const pending = pendingOf(READ, now);
  coalescer.sent(pending);
  coalescer.answered(pending, ANSWER, isFailure, now);
  coalescer.finished(pending);
}

test("an answer is given again to identical reads while it is fresh", () => {
  const coalescer = setUp(CACHE_MS);
  assert.equal(coalescer.canAnswer(READ, 0), false);
  answered(coalescer, 1000);
  assert.equal(String(coalescer.cached(READ, 1499)), "answer");
  assert.equal(coalescer.canAnswer(READ, 1499), true);
  assert.equal(coalescer.cached(READ, 1500), undefined);
  assert.equal(coalescer.cached(OTHER_READ, 1000), undefined);
  assert.equal(coalescer.cached(WRITE, 1000), undefined);
});

test("a failure is not given again", () => {
  const coalescer = setUp(CACHE_MS);
  answered(coalescer, 1000, { isFailure: true });
  assert.equal(coalescer.cached(READ, 1000), undefined);
});

test("identical reads join the one that is under way, as long as some client waits for it", () => {
  const coalescer = setUp(CACHE_MS);
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  assert.equal(coalescer.joinable(READ, 0), pending);
  assert.equal(coalescer.joinable(OTHER_READ, 0), undefined);
  pending.waiters.clear();
  assert.equal(coalescer.joinable(READ, 0), undefined);
});

test("no read joins one that has its answer, or has failed", () => {
  const coalescer = setUp(CACHE_MS);
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  coalescer.finished(pending);
  assert.equal(coalescer.joinable(READ, 0), undefined);
});

test("the end of an older read leaves the younger one joinable", () => {
  const coalescer = setUp(CACHE_MS);
  const [older, younger] = [pendingOf(READ), pendingOf(READ)];
  coalescer.sent(older);
  coalescer.invalidate();
  coalescer.sent(younger);
  coalescer.finished(older);
  assert.equal(coalescer.joinable(READ, 0), younger);
});

for (const [when, write] of [
  ["begins", (coalescer: ReadCoalescer) => coalescer.sent(pendingOf(WRITE))],
  ["ends", (coalescer: ReadCoalescer) => coalescer.finished(pendingOf(WRITE))],
] as const) {
  test(`when a write ${when}, answers from before it are worth nothing`, () => {
    const coalescer = setUp(CACHE_MS);
    answered(coalescer, 1000);
    const underWay = pendingOf(OTHER_READ);
    coalescer.sent(underWay);
    write(coalescer);
    assert.equal(coalescer.cached(READ, 1001), undefined);
    assert.equal(coalescer.joinable(OTHER_READ, 0), undefined);
    coalescer.answered(underWay, ANSWER, false, 1002);
    assert.equal(coalescer.cached(OTHER_READ, 1002), undefined, "its value may be from before the write");
  });
}

test("CACH=0 shares nothing", () => {
  const coalescer = setUp(0);
  const pending = pendingOf(READ);
  coalescer.sent(pending);
  assert.equal(coalescer.joinable(READ, 0), undefined);
  coalescer.answered(pending, ANSWER, false, 1000);
  assert.equal(coalescer.cached(READ, 1000), undefined);
});

test("an answer is fresh from the time of its request on: the device may have read its values then", () => {
  const coalescer = setUp(CACHE_MS);
  const pending = pendingOf(READ, 1000);
  coalescer.sent(pending);
  assert.equal(coalescer.joinable(READ, 1499), pending);
  assert.equal(coalescer.joinable(READ, 1500), undefined);
  coalescer.answered(pending, ANSWER, false, 1400);
  assert.equal(String(coalescer.cached(READ, 1499)), "answer");
  assert.equal(coalescer.cached(READ, 1500), undefined);
});

// ranges

const modbus = (options: string): ReadCoalescer => {
  const { mux } = muxRoute(`PROT=modbus ${options}`);
  return new ReadCoalescer(() => mux);
};
const { protocol } = muxRoute("PROT=modbus").mux;
const readOf = (code: number, start: number, count: number, id = 1): Request =>
  requestOf(protocol, wrap("modbus", { id, unit: 1, pdu: words(code, start, count) }));

/** The answer of a device whose registers hold the time at which they were read, apart by their address. */
function answerAt(request: Request, time: number): Buffer {
  const { pdu, unit } = unwrap("modbus", request.bytes);
  const [start, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
  const values = Array.from({ length: count }, (_, index) => (time + 7 * (start + index)) & 0xffff);
  return wrap("modbus", {
    id: 0,
    unit,
    pdu: Buffer.concat([Buffer.of(3, 2 * count), words(0, ...values).subarray(1)]),
  });
}

/** When the device read the values of an answer. @throws where they are of different times, or of other addresses */
function timeOf(request: Request, answer: Buffer): number {
  const { pdu } = unwrap("modbus", answer);
  const [start, count] = [request.bytes.readUInt16BE(8), request.bytes.readUInt16BE(10)];
  assert.equal(pdu.length, 2 + 2 * count);
  const times = Array.from({ length: count }, (_, n) => (pdu.readUInt16BE(2 + 2 * n) - 7 * (start + n)) & 0xffff);
  assert.equal(new Set(times).size, 1, "one answer of the device");
  return times[0] ?? 0;
}

test("CACH: a read inside a range that is fresh is answered from it, whoever read it", () => {
  const coalescer = modbus("CACH=500");
  const wide = pendingOf(readOf(3, 100, 50), 1000);
  coalescer.begin(wide, false, 1000);
  coalescer.sent(wide);
  const inside = readOf(3, 110, 5, 0x4711);
  assert.equal(coalescer.joinable(inside, 1001), wide);
  const answer = answerAt(wide.request, 1010);
  coalescer.answered(wide, answer, false, 1020);
  coalescer.finished(wide);
  const cached = coalescer.cached(inside, 1499);
  assert.equal(cached?.readUInt16BE(), 0x4711);
  assert.equal(timeOf(inside, cached as Buffer), 1010);
  for (const other of [readOf(3, 145, 6), readOf(4, 110, 5), readOf(3, 99, 2)]) {
    assert.equal(coalescer.cached(other, 1030), undefined);
  }
  assert.equal(coalescer.cached(inside, 1500), undefined);
});

test("CACH: a write between a read and its answer makes its values worthless for others", () => {
  const coalescer = modbus("CACH=500");
  const wide = merged(coalescer, readOf(3, 0, 10), [], 0);
  coalescer.sent(pendingOf(WRITE));
  coalescer.answered(wide, answerAt(wide.request, 1), false, 2);
  assert.equal(coalescer.cached(readOf(3, 0, 10), 3), undefined);
});

test("CACH: bits of a fresh range are shifted to where the client wants them", () => {
  const coalescer = modbus("CACH=500");
  const wide = pendingOf(readOf(1, 0, 20), 0);
  coalescer.begin(wide, false, 0);
  coalescer.sent(wide);
  const answer = wrap("modbus", { id: 0, unit: 1, pdu: Buffer.from("0103a5c30f", "hex") });
  coalescer.answered(wide, answer, false, 1);
  const { pdu } = unwrap("modbus", coalescer.cached(readOf(1, 3, 11), 2) as Buffer);
  assert.equal(pdu.toString("hex"), "01027400");
});

/** One request for reads of several ranges; the others join it. */
function merged(coalescer: ReadCoalescer, first: Request, others: readonly Request[], now = 0): PendingRequest {
  const pending = pendingOf(first, now);
  coalescer.begin(pending, false, now);
  for (const request of others) {
    if (coalescer.takes(pending, request, now)) pending.waiters.add({ request } as unknown as ClientRequest);
  }
  coalescer.sent(pending);
  return pending;
}

test("MERG: waiting reads near each other are one request, up to 125 registers", () => {
  for (const [maxGap, others, asked] of [
    [5, [readOf(3, 15, 10)], words(3, 0, 25)],
    [4, [readOf(3, 15, 10)], words(3, 0, 10)],
    [5, [readOf(4, 10, 10)], words(3, 0, 10)],
    [5, [readOf(3, 5, 120), readOf(3, 6, 120)], words(3, 0, 125)],
    [1, [readOf(3, 20, 10), readOf(3, 10, 10)], words(3, 0, 20)],
    [0, [readOf(3, 2, 3)], words(3, 0, 10)],
  ] as const) {
    const pending = merged(modbus(`MERG=${maxGap}`), readOf(3, 0, 10), others);
    assert.deepEqual(unwrap("modbus", pending.request.bytes).pdu, asked);
  }
});

test("MERG: what the device refuses is asked for one by one, and is not merged again", () => {
  const coalescer = modbus("MERG=5");
  const pending = merged(coalescer, readOf(3, 0, 10), [readOf(3, 15, 10)]);
  const refusal = wrap("modbus", { id: 0, unit: 1, pdu: Buffer.of(0x83, 2) });
  assert.equal(coalescer.answered(pending, refusal, true, 10), false);
  assert.equal(merged(coalescer, readOf(3, 0, 10), [readOf(3, 15, 10)]).parts, undefined, "the hole");
  assert.notEqual(merged(coalescer, readOf(3, 0, 10), [readOf(3, 8, 4)]).parts, undefined, "not the hole");
  const busy = merged(coalescer, readOf(3, 100, 10), [readOf(3, 110, 10)]);
  const answer = wrap("modbus", { id: 0, unit: 1, pdu: Buffer.of(0x83, 6) });
  assert.equal(coalescer.answered(busy, answer, true, 10), true, "a busy device says so to all");
});

test("MERG: what the device does not answer is not tried again, nor is more of it; what it has answered before is", () => {
  const coalescer = modbus("MERG=5");
  const answered = (pending: PendingRequest): boolean =>
    coalescer.answered(pending, answerAt(pending.request, 0), false, 0);
  const both = (first: number, second: number): PendingRequest =>
    merged(coalescer, readOf(3, first, 20), [readOf(3, second, 20)]);
  const known = both(0, 5);
  answered(known);
  coalescer.unanswered(known, 10);
  assert.notEqual(both(0, 5).parts, undefined, "a device that is away");
  coalescer.unanswered(both(100, 110), 10);
  assert.equal(both(200, 210).parts, undefined, "30 registers elsewhere");
  assert.notEqual(both(200, 205).parts, undefined, "25 registers, as it has answered before");
});

test("no value is wrong, halves of different times are not put together, and none is older than CACH", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom("", "MERG=3", "MERG=20"), (seed, options) => {
      const random = new Random(seed);
      const coalescer = modbus(`CACH=500 ${options}`);
      const refused = random.chance(0.3) ? { start: 30, end: 34 } : { start: 0, end: 0 };
      let now = 1000;
      for (let step = 0; step < 60; step += 1) {
        now += random.between(0, 300);
        const asked = Array.from({ length: random.between(1, 5) }, () =>
          readOf(3, random.between(0, 60), random.between(1, 30)),
        );
        for (const request of asked.filter((each) => coalescer.canAnswer(each, now))) {
          assert.ok(timeOf(request, coalescer.cached(request, now) as Buffer) >= now - 500);
        }
        const [first, ...others] = asked.filter((each) => !coalescer.canAnswer(each, now));
        if (first === undefined) continue;
        const pending = merged(coalescer, first, others, now);
        if (random.chance(0.1)) coalescer.sent(pendingOf(WRITE)); // its answer is worth nothing for others
        const readAt = now + random.between(0, 40);
        now = readAt + random.between(0, 40);
        const { pdu } = unwrap("modbus", pending.request.bytes);
        const [from, to] = [pdu.readUInt16BE(1), pdu.readUInt16BE(1) + pdu.readUInt16BE(3)];
        assert.ok(to - from <= 125);
        const isRefused = from < refused.end && to > refused.start;
        const answer = isRefused
          ? wrap("modbus", { id: 0, unit: 1, pdu: Buffer.of(0x83, 2) })
          : answerAt(pending.request, readAt);
        const isForAll = coalescer.answered(pending, answer, isRefused, now);
        assert.ok(isForAll || pending.parts !== undefined);
        if (!isRefused) {
          for (const { request } of pending.waiters) {
            const bytes = coalescer.forClient(pending, { kind: "frame", bytes: answer }, request, false);
            assert.equal(timeOf(request, bytes), readAt);
          }
        }
        coalescer.finished(pending);
      }
    }),
    { numRuns: 60 },
  );
});
