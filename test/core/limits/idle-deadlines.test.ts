import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  backlogChanged,
  type FlowState,
  type IdleDeadline,
  type IdleLimits,
  idleDeadline,
  NO_BACKLOG,
} from "#src/core/limits/idle-deadlines.js";

const NOW = 100_000;
const open: FlowState = {
  lastActivityAt: 90_000,
  eof: false,
  lost: false,
  finished: false,
  stalled: false,
  unacknowledged: 0,
  peerProgressAt: Number.NEGATIVE_INFINITY,
  queued: false,
};
const ended = { ...open, eof: true };
const passedOn = { ...ended, finished: true };
const stalled = { ...open, stalled: true };
/** The kernel has all bytes; the peer has acknowledged some of them. */
const unacknowledged = { unacknowledged: 7, peerProgressAt: 99_700 };

type Row = [
  what: string,
  down: FlowState,
  up: FlowState,
  rtim: number,
  expected: [number, IdleDeadline["cause"]] | undefined,
];
const table: Row[] = [
  ["both open, no RTIM: no limit", open, open, 0, undefined],
  [
    "both open: RTIM since the remote's last byte",
    { ...open, lastActivityAt: 95_000 },
    open,
    7000,
    [102_000, "remote silent"],
  ],
  [
    "what the client sends does not extend RTIM",
    open,
    { ...open, lastActivityAt: NOW },
    7000,
    [97_000, "remote silent"],
  ],
  ["a remote that is not read is not silent", stalled, open, 7000, [107_000, "remote silent"]],
  ["client's FIN passed on: 5 s", open, passedOn, 0, [104_000, "client closed"]],
  [
    "client's FIN passed on: a byte of the remote extends the 5 s",
    { ...open, lastActivityAt: 99_900 },
    passedOn,
    0,
    [104_900, "client closed"],
  ],
  ["client's FIN passed on: RTIM may end first", open, passedOn, 8000, [98_000, "remote silent"]],
  ["client's FIN passed on: a longer RTIM does not extend the 5 s", open, passedOn, 60_000, [104_000, "client closed"]],
  ["client's last bytes wait for the remote: an hour", open, ended, 0, [3_699_000, "not taken"]],
  [
    "client's last bytes wait for the remote: each byte it takes extends the hour",
    open,
    { ...ended, lastActivityAt: 99_500 },
    0,
    [3_699_500, "not taken"],
  ],
  ["the client reads slowly: an hour", stalled, passedOn, 0, [3_699_000, "not taken"]],
  ["remote's FIN passed on: 5 s", passedOn, open, 0, [104_000, "remote closed"]],
  [
    "remote's FIN passed on: a byte of the client extends the 5 s",
    passedOn,
    { ...open, lastActivityAt: 99_900 },
    0,
    [104_900, "remote closed"],
  ],
  ["remote's last bytes wait for the client: an hour", ended, open, 0, [3_699_000, "not taken"]],
  ["the remote takes nothing any more, but is there: an hour", passedOn, stalled, 0, [3_699_000, "not taken"]],
  ["RTIM ends with the remote's FIN", passedOn, open, 1, [104_000, "remote closed"]],
  ["both closed: an hour for the last bytes", ended, ended, 1, [3_699_000, "not taken"]],
  [
    "both closed: progress with the last bytes extends the hour",
    ended,
    { ...passedOn, ...unacknowledged },
    1,
    [3_699_700, "not taken"],
  ],
  [
    "the remote has not acknowledged all: an hour after its last progress",
    open,
    { ...passedOn, ...unacknowledged },
    0,
    [3_699_700, "not taken"],
  ],
  [
    "the remote has acknowledged all: 5 s after its last progress",
    open,
    { ...passedOn, peerProgressAt: 99_700 },
    0,
    [104_700, "client closed"],
  ],
  [
    "the client has not acknowledged the answer: an hour after its last progress",
    { ...open, ...unacknowledged },
    passedOn,
    0,
    [3_699_700, "not taken"],
  ],
  [
    "the client has acknowledged the answer: 5 s after its last progress",
    { ...open, peerProgressAt: 99_700 },
    passedOn,
    0,
    [104_700, "client closed"],
  ],
  [
    "the client has not acknowledged the last bytes of a closed remote: an hour after its last progress",
    { ...passedOn, ...unacknowledged },
    open,
    0,
    [3_699_700, "not taken"],
  ],
  [
    "the client has acknowledged the last bytes of a closed remote: 5 s to answer",
    { ...passedOn, peerProgressAt: 99_700 },
    open,
    0,
    [104_700, "remote closed"],
  ],
  [
    "a client that has reset, with bytes before that still to be read: an hour to take them",
    open,
    { ...stalled, lost: true },
    0,
    [3_699_000, "not taken"],
  ],
  [
    "a remote that has reset, and whose bytes have been read: 5 s",
    { ...open, lost: true },
    open,
    0,
    [104_000, "remote closed"],
  ],
  [
    "progress of the client does not extend RTIM",
    { ...open, ...unacknowledged },
    open,
    7000,
    [97_000, "remote silent"],
  ],
];
test("IDLE: a connection whose bytes wait for their turn is not idle", () => {
  const limits = { receiveTimeoutMs: 0, quietMs: 5000, halfCloseMs: 5000 };
  const deadline = idleDeadline(open, { ...stalled, queued: true }, 99_000, limits, NOW);
  assert.deepEqual([deadline?.at, deadline?.cause], [105_000, "idle"]);
});

test("IDLE counts from the last byte in either direction, in a stall an hour; RTIM may end first", () => {
  const limits = { receiveTimeoutMs: 0, quietMs: 5000, halfCloseMs: 5000 };
  const at = (down: FlowState, up: FlowState, receiveTimeoutMs = 0): unknown => {
    const deadline = idleDeadline(down, up, 99_000, { ...limits, receiveTimeoutMs }, NOW);
    return [deadline?.at, deadline?.cause];
  };
  assert.deepEqual(at(open, { ...open, lastActivityAt: 96_000 }), [101_000, "idle"]);
  assert.deepEqual(at({ ...open, lastActivityAt: 97_000 }, open), [102_000, "idle"]);
  assert.deepEqual(at({ ...stalled, lastActivityAt: 97_000 }, open), [NOW + 5000, "idle"]);
  assert.deepEqual(at(open, { ...stalled, lastActivityAt: 97_000 }), [NOW + 5000, "idle"]);
  const hourAgo = NOW - 3_600_000;
  assert.deepEqual(at({ ...stalled, lastActivityAt: hourAgo }, { ...open, lastActivityAt: hourAgo }), [NOW, "idle"]);
  assert.deepEqual(at(open, { ...open, lastActivityAt: 96_000 }, 1000), [91_000, "remote silent"]);
  assert.deepEqual(at(open, passedOn), [95_000, "idle"]);
  assert.deepEqual(at({ ...open, peerProgressAt: 97_000 }, open), [102_000, "idle"]);
  assert.deepEqual(at({ ...open, unacknowledged: 7 }, open), [NOW + 5000, "idle"]);
});

for (const [what, down, up, rtim, expected] of table) {
  test(what, () => {
    const deadline = idleDeadline(down, up, 99_000, { receiveTimeoutMs: rtim, quietMs: 0, halfCloseMs: 5000 }, NOW);
    assert.deepEqual(deadline && [deadline.at, deadline.cause], expected);
  });
}

const time = fc.integer({ min: 0, max: 2 * NOW });
const flowState: fc.Arbitrary<FlowState> = fc
  .record({
    lastActivityAt: time,
    state: fc.constantFrom("open", "lost", "eof", "finished"),
    stalled: fc.boolean(),
    unacknowledged: fc.nat(3),
    peerProgressAt: time,
    queued: fc.boolean(),
  })
  .map(({ state, ...flow }) => ({
    ...flow,
    lost: state === "lost",
    eof: state === "eof" || state === "finished",
    finished: state === "finished",
  }));
const limit = fc.constantFrom(0, 1, 5000, 60_000, 10_000_000);
const limits = fc.record({ receiveTimeoutMs: limit, quietMs: limit, halfCloseMs: limit });
const NO_LIMITS: IdleLimits = { receiveTimeoutMs: 0, quietMs: 0, halfCloseMs: 0 };

/** The end of a relay whose last step of closing is now. */
function endAt(down: FlowState, up: FlowState, rules: IdleLimits): number {
  return idleDeadline(down, up, NOW, rules, NOW)?.at ?? Number.POSITIVE_INFINITY;
}

test("progress in either direction never brings the deadline forward", () => {
  fc.assert(
    fc.property(
      flowState,
      flowState,
      limits,
      fc.nat(NOW),
      fc.constantFrom("lastActivityAt" as const, "peerProgressAt" as const),
      (down, up, rules, later, member) => {
        const at = (first: FlowState, second: FlowState): number => endAt(first, second, rules);
        const before = at(down, up);
        assert.ok(at({ ...down, [member]: down[member] + later }, up) >= before);
        assert.ok(at(down, { ...up, [member]: up[member] + later }) >= before);
      },
    ),
  );
});

test("a further limit never puts the deadline off", () => {
  fc.assert(
    fc.property(flowState, flowState, limits, (down, up, rules) => {
      const all = endAt(down, up, rules);
      for (const member of ["receiveTimeoutMs", "quietMs", "halfCloseMs"] as const) {
        assert.ok(all <= endAt(down, up, { ...rules, [member]: 0 }), member);
      }
    }),
  );
});

test("only once a side has ended does half-close count, and never while a peer has something to acknowledge", () => {
  fc.assert(
    fc.property(flowState, flowState, fc.integer({ min: 1, max: 60_000 }), (down, up, halfCloseMs) => {
      const at = endAt(down, up, { ...NO_LIMITS, halfCloseMs });
      const last = Math.max(NOW, ...[down, up].flatMap((flow) => [flow.lastActivityAt, flow.peerProgressAt]));
      const hasEnded = [down, up].some(({ eof, lost }) => eof || lost);
      const isBehind = [down, up].some((f) => f.stalled || f.unacknowledged > 0 || f.eof !== f.finished);
      assert.equal(at, hasEnded ? last + (isBehind ? 3_600_000 : halfCloseMs) : Number.POSITIVE_INFINITY);
    }),
  );
});

test("half-close of 0 is no limit, but the last bytes of a side that has ended have an hour", () => {
  assert.equal(endAt(open, passedOn, NO_LIMITS), Number.POSITIVE_INFINITY);
  assert.equal(endAt(open, { ...passedOn, unacknowledged: 1 }, NO_LIMITS), NOW + 3_600_000);
});

test("a backlog has changed when either of its numbers has", () => {
  assert.equal(backlogChanged(NO_BACKLOG, { unacknowledged: 0, unread: 0 }), false);
  assert.equal(backlogChanged(NO_BACKLOG, { unacknowledged: 1, unread: 0 }), true);
  assert.equal(backlogChanged(NO_BACKLOG, { unacknowledged: 0, unread: 1 }), true);
});
