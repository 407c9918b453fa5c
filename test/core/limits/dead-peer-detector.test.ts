import assert from "node:assert/strict";
import { test } from "node:test";
import { DeadPeerDetector, type PeerHealth } from "#src/core/limits/dead-peer-detector.js";

const SENT = 1000;

/** A sample: time, unacknowledged bytes, unanswered probes, bytes received so far. */
type Sample = [now: number, unacknowledged: number, unansweredProbes: number, received: number];

/** The judgement after each sample, with a limit of 10 ms. */
function judge(...samples: Sample[]): PeerHealth[] {
  const detector = new DeadPeerDetector(10);
  return samples.map(([now, unacknowledged, unansweredProbes, received]) =>
    detector.observe(
      { local: "", remote: "", state: 1, unread: 0, unacknowledged, unansweredProbes },
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
    "the whole machine stood still: it has not been asked again yet",
    [
      [0, 5, 1, 0],
      [500, 5, 1, 0],
      [505, 5, 2, 0],
    ],
    ["waiting", "waiting", "dead"],
  ],
  [
    "answered meanwhile, as fewer repetitions tell",
    [
      [0, 5, 3, 0],
      [9, 5, 1, 0],
      [12, 5, 2, 0],
    ],
    ["waiting", "waiting", "waiting"],
  ],
  [
    "it acknowledges, though slowly",
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
    "bytes came from it",
    [
      [0, 5, 3, 0],
      [9, 5, 4, 7],
      [12, 5, 5, 7],
      [19, 5, 6, 7],
    ],
    ["waiting", "waiting", "waiting", "dead"],
  ],
  [
    "acknowledged, then silent anew",
    [
      [0, 5, 3, 0],
      [9, 0, 0, 0],
      [12, 5, 3, 0],
      [22, 5, 5, 0],
    ],
    ["waiting", "alive", "waiting", "dead"],
  ],
];
for (const [what, seen, expected] of cases) test(what, () => assert.deepEqual(judge(...seen), expected));
