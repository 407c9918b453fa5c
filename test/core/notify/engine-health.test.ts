import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineHealth } from "#src/core/notify/engine-health.js";

type Event = readonly [at: number, what: "answered" | "aborted" | "unreachable", action?: string];

/** What an engine is taken for after each event: here, or away. */
function course(events: readonly Event[]): string {
  const health = new EngineHealth();
  return events
    .map(([at, what, action = "a"]) => {
      if (what === "unreachable") health.unreachable(at);
      else health[what](action, at);
      return health.isAway ? "away" : "here";
    })
    .join(" ");
}

const CASES: readonly (readonly [what: string, events: readonly Event[], course: string])[] = [
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
  ["one cut", [[0, "aborted"]], "here"],
  [
    "one action cut for 10 s",
    [
      [0, "aborted"],
      [9999, "aborted"],
      [10_000, "aborted"],
    ],
    "here here away",
  ],
  [
    "three actions cut",
    [
      [0, "aborted", "a"],
      [1, "aborted", "b"],
      [2, "aborted", "b"],
      [3, "aborted", "c"],
    ],
    "here here here away",
  ],
  [
    "an answer between",
    [
      [0, "aborted", "a"],
      [1, "aborted", "b"],
      [2, "answered", "d"],
      [3, "aborted", "c"],
    ],
    "here here here here",
  ],
  [
    "one that is always cut while another is answered",
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
    "one that is always cut, and another that is answered seldom: told of once",
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
    "one that was always cut, and is answered again, counts again",
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
    "one that is always cut, and an engine that is away",
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
for (const [what, events, expected] of CASES) test(what, () => assert.equal(course(events), expected));

test("an action is at fault once another is answered behind its cut, until it is answered itself", () => {
  const health = new EngineHealth();
  health.aborted("a", 0);
  assert.equal(health.isFaulty("a"), false);
  health.answered("b", 1);
  assert.deepEqual([health.isFaulty("a"), health.isFaulty("b")], [true, false]);
  health.answered("a", 2);
  assert.equal(health.isFaulty("a"), false);
});

test("of actions at fault a bounded number is remembered", () => {
  const health = new EngineHealth();
  for (let n = 0; n < 1000; n += 1) {
    health.aborted(`bad ${n}`, n);
    health.answered("good", n);
  }
  const remembered = Array.from({ length: 1000 }, (_, n) => health.isFaulty(`bad ${n}`));
  assert.equal(remembered.filter(Boolean).length, 256);
  assert.equal(remembered.at(-1), true);
});
