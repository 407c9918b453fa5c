import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "#src/core/health/problems.js";
import { type Gathering, piecesOf } from "#src/core/status/gathering.js";
import { statusJson, statusTable } from "#src/core/status/status-reply.js";
import { metricsText } from "#src/core/web/metrics.js";
import { FULL_REPORT, USAGE } from "../../support/full-report.js";
import { gathered } from "../../support/gathered.js";

const MANY = 2000;
const absent = { absentMs: 90_000, reason: "link lost" };
const many = <T>(items: readonly T[], changes: (index: number) => object): T[] =>
  Array.from({ length: MANY }, (_, index) => ({ ...(items[0] as T), ...changes(index) }));
const LARGE = {
  ...FULL_REPORT,
  listeners: many(FULL_REPORT.listeners, (index) => ({ name: `tunnel port ${index}`, port: index })),
  tunnels: many(FULL_REPORT.tunnels, (port) => ({ port, ...absent, devices: undefined })),
  devices: many(FULL_REPORT.devices, (index) => ({ name: `d${index}`, ...absent })),
  connections: [],
};

/** How often work pauses. */
function pausesOf(work: Gathering<unknown>): number {
  let pauses = 0;
  while (!work.next().done) pauses += 1;
  return pauses;
}

test("what is wrong with thousands of lines is found with a pause behind each", () => {
  const pauses = pausesOf(problemsOf(LARGE, () => "then"));
  assert.ok(pauses >= 3 * MANY, `${pauses} pauses`);
});

for (const [what, pieces] of [
  ["STAT JSON", statusJson(LARGE)],
  ["STAT", statusTable(LARGE, "")],
  ["the metrics", metricsText(LARGE, USAGE)],
] as const) {
  test(`${what} of thousands of lines comes in small pieces`, () => {
    const lengths = [...pieces].map(({ length }) => length);
    assert.ok(lengths.length > MANY && Math.max(...lengths) < 4096, `${lengths.length}, up to ${Math.max(...lengths)}`);
  });
}

test("what a reply needs is gathered before its first piece, with its pauses", () => {
  assert.deepEqual([...piecesOf(gathered("a"), (whole) => [whole, "b"])], ["", "a", "b"]);
});
