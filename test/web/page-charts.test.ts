import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pageModule } from "../support/page.js";

const { chart, pathsOf, summaryOf } = await pageModule("chart");
const { combined, joinHistory, pointsOf, spanOf } = await pageModule("history");
const { textOf } = await pageModule("tree");

const points = fc.array(fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })), { maxLength: 40 });

test("a chart stays in its frame, goes from left to right, and has a gap where nothing is known", () => {
  fc.assert(
    fc.property(points, (values) => {
      const { line } = pathsOf(values, Math.max(1, ...values.map((value) => value ?? 0)));
      const places = [...line.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
      for (const [x = -1, y = -1] of places) assert.ok(x >= 0 && x <= 240 && y >= 0 && y <= 48, line);
      const xs = places.map(([x = 0]) => x);
      assert.deepEqual(
        xs,
        xs.toSorted((one, other) => one - other),
      );
      const runs = values.filter((value, index) => value !== null && (values[index - 1] ?? null) === null).length;
      assert.equal(line.split("M").length - 1, runs);
    }),
  );
  assert.equal(pathsOf([0, 10, 5], 10).line, "M0 45L120 3L240 24");
  assert.equal(pathsOf([0, 10], 10).area, "M0 48L0 45L240 3L240 48Z");
});

test("a chart says in words what it shows", () => {
  const tree = chart(
    "Traffic",
    [
      { name: "received", values: [1, null, 8, 4] },
      { name: "sent", values: [] },
    ],
    (value: number) => `${value} B/s`,
    "last hour",
  );
  const text = JSON.stringify(tree);
  assert.ok(text.includes("Traffic, last hour: received: now 4 B/s, at most 8 B/s; sent: not known"), text);
  assert.match(textOf(tree), /highest 8 B\/s/);
  assert.deepEqual(summaryOf([null]), { now: undefined, highest: undefined });
});

const RUN = { run: "a", stepSeconds: 10, endedAt: "" };
const series = (values: readonly (number | null)[], id = "") => ({
  of: "daemon",
  id,
  what: "received",
  unit: "B/s",
  points: values,
});

test("the last hour put together bit by bit is the last hour", () => {
  const all = Array.from({ length: 900 }, (_, step) => step);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 7 }), (lengths) => {
      let history: { next: number } | undefined;
      let next = 0;
      for (const length of [3, ...lengths]) {
        const until = next + length;
        history = joinHistory(history, { ...RUN, first: next, next: until, series: [series(all.slice(next, until))] });
        next = until;
      }
      assert.deepEqual(pointsOf(history, "daemon", "", "received"), all.slice(Math.max(0, next - 360), next));
    }),
  );
});

test("another run begins anew; a series that is new was not known before; one that is gone is gone", () => {
  const known = { ...RUN, first: 0, next: 2, series: [series([1, 2]), series([7, 7], "old")] };
  const joined = joinHistory(known, { ...RUN, first: 2, next: 3, series: [series([3]), series([9], "new")] });
  assert.deepEqual(
    [
      pointsOf(joined, "daemon", "", "received"),
      pointsOf(joined, "daemon", "new", "received"),
      pointsOf(joined, "daemon", "old", "received"),
    ],
    [[1, 2, 3], [null, null, 9], []],
  );
  const other = { ...RUN, run: "b", first: 0, next: 1, series: [] };
  assert.equal(joinHistory(known, other), other);
});

test("several series make one, of what is known of each step", () => {
  const history = { ...RUN, first: 0, next: 3, series: [series([1, null, 3], "a"), series([10, null, null], "b")] };
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  assert.deepEqual(combined(history, "daemon", "received", sum), [11, null, 3]);
  assert.deepEqual(
    [spanOf(history), spanOf({ ...history, next: 359 }), spanOf({ ...history, next: 60 })],
    ["last 30 s", "last hour", "last 10 min"],
  );
});
