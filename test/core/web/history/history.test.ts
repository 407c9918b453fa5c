import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gatherNow } from "#src/core/status/gathering.js";
import { History } from "#src/core/web/history/history.js";
import type { Reading } from "#src/core/web/history/quantity.js";

const SECONDS = 10;

function counter(id: string, total: number, of = "line"): Reading {
  return { of, id, what: "received", unit: "B/s", kind: "rate", total };
}

function historyOf(readings: readonly Reading[]): History {
  const history = new History();
  gatherNow(history.start(readings));
  return history;
}

/** The points of each series by its id. */
function pointsOf(history: History, since?: number): Record<string, readonly (number | null)[]> {
  return Object.fromEntries([...history.read(since).series].map(({ id, points }) => [id, points]));
}

test("points are rates, from the first step on; a line that comes later begins at 0, and is not known before", () => {
  const history = historyOf([counter("a", 100)]);
  gatherNow(history.add([counter("a", 150)], 1, SECONDS));
  gatherNow(history.add([counter("a", 150), counter("b", 7)], 2, SECONDS));
  gatherNow(history.add([counter("a", 155), counter("b", 27)], 3, SECONDS));
  const { first, next } = history.read();
  assert.deepEqual([first, next], [0, 3]);
  assert.deepEqual(pointsOf(history), { a: [5, 0, 0.5], b: [null, 0.7, 2] });
  assert.deepEqual(pointsOf(history, 2), { a: [0.5], b: [2] });
  assert.deepEqual(pointsOf(history, 3), { a: [], b: [] });
  assert.deepEqual(pointsOf(history, 4), pointsOf(history), "a step of another run: everything");
});

test("a process that stood still has the same points for all of that time", () => {
  const history = historyOf([counter("a", 0)]);
  gatherNow(history.add([counter("a", 300)], 3, 30));
  assert.deepEqual(pointsOf(history), { a: [10, 10, 10] });
  gatherNow(history.add([counter("a", 300)], 1_000_000, 9_999_970));
  assert.deepEqual(history.read().first, 1_000_000 - 360);
  assert.deepEqual(pointsOf(history), { a: new Array(360).fill(0) });
});

test("an hour is kept; a line that has gone is forgotten an hour later, and leaves its place to another", () => {
  const many = Array.from({ length: 64 }, (_, index) => counter(`line ${index}`, 0));
  const history = historyOf(many);
  gatherNow(history.add(many, 1, SECONDS));
  gatherNow(history.add([...many, counter("late", 0)], 2, SECONDS));
  gatherNow(history.add([...many, counter("late", 50)], 3, SECONDS));
  assert.deepEqual(pointsOf(history, 2)["rest"], [5]);
  gatherNow(history.add([counter("late", 50)], 4, SECONDS));
  assert.equal(Object.keys(pointsOf(history)).length, 65);
  for (let step = 5; step <= 365; step += 1) gatherNow(history.add([], step, SECONDS));
  assert.deepEqual(pointsOf(history), {});
  gatherNow(history.add([counter("late", 10)], 366, SECONDS));
  assert.deepEqual(pointsOf(history, 365), { late: [1] });
});

test("what is summed as the rest is the sum of its rates, and for a mean that of all", () => {
  const ids = Array.from({ length: 70 }, (_, index) => `port ${index}`);
  const readings = (each: number): Reading[] => [
    ...ids.map((id) => counter(id, each)),
    ...ids.map((id, index): Reading => {
      const sum = index === 69 ? each * 9 : each;
      return { of: "mux", id, what: "response", unit: "ms", kind: "mean", sum, count: each / 10 };
    }),
  ];
  const history = historyOf(readings(0));
  gatherNow(history.add(readings(10), 1, SECONDS));
  const series = [...history.read().series];
  assert.equal(series.length, 2 * 65);
  const rest = series.filter(({ id }) => id === "rest").map(({ of, points }) => [of, points]);
  assert.deepEqual(rest, [
    ["line", [6]],
    ["mux", [Number(((5 * 10 + 90) / 6).toPrecision(4))]],
  ]);
});

test("law: whatever counters do, no rate is negative, every series has a point for every step, and memory is bounded", () => {
  const reading = fc.tuple(fc.integer({ min: 0, max: 90 }), fc.nat());
  const step = fc.record({ counters: fc.array(reading, { maxLength: 90 }), steps: fc.integer({ min: 1, max: 200 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.nat({ max: 1500 }), (steps, since) => {
      const history = historyOf([]);
      let next = 0;
      for (const { counters, steps: passed } of steps) {
        next += passed;
        const unique = new Map(counters);
        const readings = [...unique].map(([id, total]) => counter(String(id), total));
        gatherNow(history.add(readings, next, passed * SECONDS));
      }
      const read = history.read(since);
      const series = [...read.series];
      assert.ok(read.first >= 0 && read.first <= next && read.next === next && next - read.first <= 360);
      assert.ok(series.length <= 65);
      for (const { points } of series) {
        assert.equal(points.length, read.next - read.first);
        assert.ok(points.every((point) => point === null || (Number.isFinite(point) && point >= 0)));
      }
    }),
    { numRuns: 60 },
  );
});

test("law: over steps of a counter that only grows, the points add up to its growth", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 360 }), (growths) => {
      const history = historyOf([counter("a", 0)]);
      let total = 0;
      for (const [index, growth] of growths.entries()) {
        total += growth * SECONDS;
        gatherNow(history.add([counter("a", total)], index + 1, SECONDS));
      }
      assert.deepEqual(pointsOf(history)["a"], growths);
    }),
    { numRuns: 30 },
  );
});
