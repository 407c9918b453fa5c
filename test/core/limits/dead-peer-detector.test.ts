import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DeadPeerDetector, type PeerHealth } from "#src/core/limits/dead-peer-detector.js";

const SENT = 1000;

/** A sample: time, unacknowledged bytes, unanswered probes, bytes received so far. */
type Sample = [now: number, unacknowledged: number, unansweredProbes: number, received: number];

/** The judgement after each sample, with a limit of 10 ms. */
function judge(...samples: Sample[]): PeerHealth[] {
  const detector = new DeadPeerDetector(10);
  return samples.map(([now, unacknowledged, unansweredProbes, received]) =>
    detector.observe(
      { local: "", remote: "", state: 1, unread: 0, unacknowledged, unansweredProbes, isWindowClosed: false },
      SENT,
      received,
      now,
    ),
  );
}

const cases: [string, Sample[], PeerHealth[]][] = [
  ["all acknowledged", [[0, 0, 0, 0]], ["alive"]],
  [
    "data just sent",
    [
      [0, 5, 0, 0],
      [100, 5, 0, 0],
    ],
    ["waiting", "waiting"],
  ],
  [
    "never answered",
    [
      [0, 5, 1, 0],
      [9, 5, 4, 0],
      [10, 5, 4, 0],
    ],
    ["waiting", "waiting", "dead"],
  ],
  [
    "after the machine stood still: no probe has gone out yet",
    [
      [0, 5, 1, 0],
      [500, 5, 1, 0],
      [505, 5, 2, 0],
    ],
    ["waiting", "waiting", "dead"],
  ],
  [
    "fewer unanswered probes: the peer has answered meanwhile",
    [
      [0, 5, 3, 0],
      [9, 5, 1, 0],
      [12, 5, 2, 0],
    ],
    ["waiting", "waiting", "waiting"],
  ],
  [
    "the peer acknowledges slowly",
    [
      [0, 900, 1, 0],
      [9, 700, 1, 0],
      [18, 500, 1, 0],
      [27, 300, 1, 0],
      [37, 300, 2, 0],
    ],
    ["waiting", "waiting", "waiting", "waiting", "dead"],
  ],
  [
    "the peer has sent bytes",
    [
      [0, 5, 3, 0],
      [9, 5, 4, 7],
      [12, 5, 5, 7],
      [19, 5, 6, 7],
    ],
    ["waiting", "waiting", "waiting", "dead"],
  ],
  [
    "all acknowledged, then silent again",
    [
      [0, 5, 3, 0],
      [9, 0, 0, 0],
      [12, 5, 3, 0],
      [22, 5, 5, 0],
    ],
    ["waiting", "alive", "waiting", "dead"],
  ],
];
for (const [what, samples, expected] of cases) test(what, () => assert.deepEqual(judge(...samples), expected));

/** Samples in the order of time. */
const samples = (unacknowledged: fc.Arbitrary<number>): fc.Arbitrary<Sample[]> =>
  fc.array(fc.tuple(fc.nat(20), unacknowledged, fc.nat(5), fc.constant(0)), { maxLength: 30 }).map((list) => {
    let now = 0;
    return list.map(([pause, bytes, probes, received]): Sample => {
      now += pause;
      return [now, bytes, probes, received];
    });
  });

test("a peer is alive exactly while nothing is unacknowledged", () => {
  fc.assert(
    fc.property(samples(fc.nat(3)), (list) => {
      const judgements = judge(...list);
      for (const [index, [, unacknowledged]] of list.entries())
        assert.equal(judgements[index] === "alive", unacknowledged === 0);
    }),
  );
});

test("a peer is dead only after the limit and a further probe, without a sign of life in between", () => {
  fc.assert(
    fc.property(samples(fc.constantFrom(0, 5)), (list) => {
      const judgements = judge(...list);
      for (const [index, [now, , probes]] of list.entries()) {
        if (judgements[index] !== "dead") continue;
        const silent = list.slice(0, index).findLastIndex(([, bytes, asked]) => bytes === 0 || asked === 0);
        const since = list.slice(silent + 1, index);
        assert.ok(
          since.some(([then, , asked]) => now - then >= 10 && asked < probes),
          JSON.stringify(list),
        );
      }
    }),
  );
});
