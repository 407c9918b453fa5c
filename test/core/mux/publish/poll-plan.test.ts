import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PollPlan } from "#src/core/mux/publish/poll-plan.js";
import { ValueBoard } from "#src/core/mux/publish/value-board.js";
import type { RegisterRange } from "#src/core/mux/register-ranges.js";
import { ruleOf } from "../../../support/published.js";

const NO_JITTER = (): number => 0;

function planOf(linePollMs: number, ...rules: string[]) {
  const board = new ValueBoard(rules.map(ruleOf), linePollMs);
  const plan = new PollPlan(board.values, 0, NO_JITTER);
  /** The ranges that are due, in short, each answered as told. */
  const round = (
    now: number,
    gap = 0,
    outcome: "answered" | "refused" | "unanswered" | "no path" = "answered",
  ): string[] =>
    plan.due(now, gap).map((poll) => {
      if (outcome === "answered") for (const value of poll.values) value.readAt = now;
      plan.over(poll, outcome, now);
      return `${poll.range.unit}/${poll.range.code} ${poll.range.start}+${poll.range.count}`;
    });
  return { board, plan, round };
}

test("values side by side share a request; with MERG those near by, too", () => {
  const rules = [
    "unit 1 holding 10 uint32 as a",
    "unit 1 holding 12 uint16 as b",
    "unit 1 holding 15 uint16 as c",
    "unit 2 holding 13 uint16 as d",
    "unit 1 input 12 uint16 as e",
    "unit 1 holding 12 bit 3 as f",
  ];
  const { plan, round } = planOf(10_000, ...rules);
  assert.equal(plan.dueAt, 10_000, "clients get the first time for themselves");
  assert.deepEqual(round(9999), []);
  assert.deepEqual(round(10_000).sort(), ["1/3 10+3", "1/3 15+1", "1/4 12+1", "2/3 13+1"]);
  assert.equal(plan.dueAt, 20_000);
  assert.deepEqual(round(20_000, 2).sort(), ["1/3 10+6", "1/4 12+1", "2/3 13+1"]);
});

test("what somebody has asked for is not asked for, and poll 0 never", () => {
  const { board, plan, round } = planOf(
    10_000,
    "unit 1 holding 1 uint16 as a",
    "unit 1 holding 9 uint16 as b poll 0",
    "unit 1 holding 5 uint16 as c poll 1m",
  );
  const [a] = board.values;
  for (let now = 5000; now < 30_000; now += 5000) {
    assert.deepEqual(round(now), []);
    if (a !== undefined) a.readAt = now;
  }
  assert.equal(plan.dueAt, 30_000);
});

test("a client that reads as often as the daemon, and answers take their time, costs no poll; one that has gone a little time", () => {
  const { board, plan, round } = planOf(
    10_000,
    "unit 1 holding 1 uint16 as a",
    "unit 1 holding 9 uint16 as b stale 11s",
  );
  const [a, b] = board.values;
  if (a === undefined || b === undefined) return;
  let asked = 0;
  for (let now = 10_000; now < 200_000; now += 100) {
    asked += round(now).filter((text) => text === "1/3 1+1").length;
    if (now % 11_000 === 0) a.readAt = now;
  }
  assert.equal(asked, 1, "before the first read of the client");
  const last = Number(a.readAt);
  assert.ok(plan.dueAt < last + 10_000, "b is polled by the daemon alone, in its time");
  b.readAt = last;
  assert.equal(plan.dueAt, last + 10_500, "b is not stale before it is asked for");
});

test("the first poll of a value that is asked for once a day comes soon", () => {
  const { plan, round } = planOf(10_000, "unit 1 holding 1 string 4 as model poll 24h stale 25h");
  assert.deepEqual(round(plan.dueAt), ["1/3 1+4"]);
  assert.equal(plan.dueAt, 30_000 + 86_400_000);
});

test("what is due soon comes along where it costs no request", () => {
  const { board, round } = planOf(
    10_000,
    "unit 1 holding 1 uint16 as a",
    "unit 1 holding 2 uint16 as b",
    "unit 1 holding 9 uint16 as c",
  );
  const [, b, c] = board.values;
  if (b !== undefined && c !== undefined) {
    b.readAt = 4000;
    c.readAt = 6000;
  }
  assert.deepEqual(round(10_000), ["1/3 1+2"]);
});

test("a request holds 125 registers at most", () => {
  const { round } = planOf(10_000, ...Array.from({ length: 200 }, (_, n) => `unit 1 holding ${n} uint16 as v${n}`));
  assert.deepEqual(round(10_000), ["1/3 0+125", "1/3 125+75"]);
});

test("what is refused together is asked for apart, at once, and together no more; what is refused alone more and more seldom", () => {
  const { plan, round } = planOf(10_000, "unit 1 holding 1 uint16 as a", "unit 1 holding 2 uint16 as b");
  assert.deepEqual(round(10_000, 0, "refused"), ["1/3 1+2"]);
  assert.ok(plan.dueAt <= 10_000);
  assert.deepEqual(round(10_000, 0, "refused"), ["1/3 1+1", "1/3 2+1"]);
  assert.equal(plan.dueAt, 20_000);
  assert.deepEqual(round(20_000, 0, "refused"), ["1/3 1+1", "1/3 2+1"]);
  assert.equal(plan.dueAt, 40_000);
  assert.deepEqual(round(40_000), ["1/3 1+1", "1/3 2+1"]);
  assert.equal(plan.dueAt, 50_000);
});

test("a value that holds another one is not asked for at once again when it is refused", () => {
  const { plan, round } = planOf(10_000, "unit 1 holding 1 string 4 as a", "unit 1 holding 2 uint16 as b");
  assert.deepEqual(round(10_000, 0, "refused"), ["1/3 1+4"]);
  assert.equal(plan.dueAt, 20_000);
});

test("an answer without the value does not lead to the next poll at once", () => {
  const { plan } = planOf(10_000, "unit 1 holding 1 uint16 as a");
  for (const poll of plan.due(10_000, 0)) plan.over(poll, "answered", 10_000);
  assert.equal(plan.dueAt, 20_000);
});

test("a silent unit is asked more and more seldom, and the others as before", () => {
  const { round } = planOf(10_000, "unit 1 holding 1 uint16 as a", "unit 2 holding 1 uint16 as b");
  const asked: string[] = [];
  for (let now = 10_000; now <= 200_000; now += 10_000) {
    asked.push(...round(now, 0, "unanswered").filter((text) => text.startsWith("2")));
  }
  assert.equal(asked.length, 5, "after 10, 20, 40, 80, 160 s");
});

test("a device that is away is asked more and more seldom, once a minute at least, and as before once it answers anybody", () => {
  const { plan, round } = planOf(10_000, "unit 1 holding 1 uint16 as a", "unit 2 holding 1 uint16 as b");
  const waits: number[] = [];
  for (let now = 10_000; waits.length < 6; now = plan.dueAt) {
    const [first] = plan.due(now, 0);
    if (first !== undefined) plan.over(first, "no path", now);
    waits.push(plan.dueAt - now);
  }
  assert.deepEqual(waits, [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  const before = plan.dueAt;
  plan.reached();
  assert.ok(plan.dueAt < before);
  assert.equal(round(before).length, 2);
});

test("law: a poll asks for something that nobody has asked for in its time, and nothing waits longer", () => {
  const rule = fc.record({
    start: fc.nat(30),
    poll: fc.integer({ min: 2, max: 9 }),
    size: fc.constantFrom("uint16", "uint32"),
  });
  const read = fc.record({ at: fc.nat(40), start: fc.nat(30), count: fc.integer({ min: 1, max: 12 }) });
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 12 }),
      fc.array(read, { maxLength: 30 }),
      fc.nat(4),
      (rules, reads, gap) => {
        const texts = rules.map(
          ({ start, poll, size }, at) => `unit 1 holding ${start} ${size} as v${at} poll ${poll}s`,
        );
        const { board, plan } = planOf(0, ...texts);
        const covers = ({ start, count }: RegisterRange, inner: RegisterRange): boolean =>
          inner.start >= start && inner.start + inner.count <= start + count;
        const takes = (range: RegisterRange, now: number): void => {
          for (const value of board.values) if (covers(range, value.range)) value.readAt = now;
        };
        for (let now = 500; now <= 40_000; now += 500) {
          for (const { at, start, count } of reads)
            if (at * 1000 === now) takes({ unit: 1, code: 3, start, count }, now);
          for (const poll of plan.due(now, gap)) {
            const isDue = poll.values.some(({ readAt = 0, pollMs }) => now - readAt >= pollMs);
            assert.ok(isDue, "somebody has asked for all of it");
            assert.ok(poll.values.every(({ range }) => covers(poll.range, range)));
            takes(poll.range, now);
            plan.over(poll, "answered", now);
          }
          for (const { readAt = 0, pollMs } of board.values)
            assert.ok(now - readAt < 1.5 * pollMs, "it has waited too long");
        }
      },
    ),
    { numRuns: 60 },
  );
});
