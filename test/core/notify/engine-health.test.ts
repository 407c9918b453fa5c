import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineHealth } from "#src/core/notify/engine-health.js";

type Event = readonly [at: number, what: "answered" | "aborted" | "unreachable", action?: string];

/** The judgement after each event: the engine is here, or away. */
function judge(events: readonly Event[]): string {
  const health = new EngineHealth();
  return events
    .map(([at, what, action = "a"]) => {
      if (what === "unreachable") health.unreachable(at);
      else health[what](action, at);
      return health.isAway ? "away" : "here";
    })
    .join(" ");
}

const CASES: readonly (readonly [what: string, events: readonly Event[], judgements: string])[] = [
  ["no connection from the start", [[0, "unreachable"]], "away"],
  [
    "back with the first answer",
    [
      [0, "unreachable"],
      [5, "answered", "b"],
    ],
    "away here",
  ],
  [
    "no connection, a moment after an answer",
    [
      [0, "answered"],
      [999, "unreachable"],
      [1000, "unreachable"],
    ],
    "here here away",
  ],
  ["one aborted request", [[0, "aborted"]], "here"],
  [
    "one action aborted for 10 s",
    [
      [0, "aborted"],
      [9999, "aborted"],
      [10_000, "aborted"],
    ],
    "here here away",
  ],
  [
    "three actions aborted",
    [
      [0, "aborted", "a"],
      [1, "aborted", "b"],
      [2, "aborted", "b"],
      [3, "aborted", "c"],
    ],
    "here here here away",
  ],
  [
    "three actions aborted, with an answer in between",
    [
      [0, "aborted", "a"],
      [1, "aborted", "b"],
      [2, "answered", "d"],
      [3, "aborted", "c"],
    ],
    "here here here here",
  ],
  [
    "one action always aborted while the engine answers another",
    [
      [0, "aborted"],
      [1, "answered", "b"],
      [2, "aborted"],
      [20_000, "aborted"],
      [20_001, "answered", "b"],
      [60_000, "aborted"],
    ],
    "here here here here here here",
  ],
  [
    "one action always aborted, another answered rarely: the engine is away once",
    [
      [0, "aborted"],
      [10_000, "aborted"],
      [11_000, "answered", "b"],
      [12_000, "aborted"],
      [30_000, "aborted"],
      [50_000, "answered", "b"],
      [90_000, "aborted"],
    ],
    "here away here here here here here",
  ],
  [
    "a faulty action counts again after its answer",
    [
      [0, "aborted"],
      [1, "answered", "b"],
      [2, "answered", "a"],
      [3, "aborted", "a"],
      [10_003, "aborted", "a"],
    ],
    "here here here here away",
  ],
  [
    "a faulty action, then an engine that is away",
    [
      [0, "aborted"],
      [1, "answered", "b"],
      [2, "aborted"],
      [1500, "unreachable"],
      [1600, "answered", "a"],
    ],
    "here here here away here",
  ],
];
for (const [what, events, expected] of CASES) test(what, () => assert.equal(judge(events), expected));

test("an aborted action is faulty from the answer of another one until its own answer", () => {
  const health = new EngineHealth();
  health.aborted("a", 0);
  assert.equal(health.isFaulty("a"), false);
  health.answered("b", 1);
  assert.deepEqual([health.isFaulty("a"), health.isFaulty("b")], [true, false]);
  health.answered("a", 2);
  assert.equal(health.isFaulty("a"), false);
});

test("at most 256 faulty actions are remembered", () => {
  const health = new EngineHealth();
  for (let n = 0; n < 1000; n += 1) {
    health.aborted(`bad ${n}`, n);
    health.answered("good", n);
  }
  const remembered = Array.from({ length: 1000 }, (_, n) => health.isFaulty(`bad ${n}`));
  assert.equal(remembered.filter(Boolean).length, 256);
  assert.equal(remembered.at(-1), true);
});
