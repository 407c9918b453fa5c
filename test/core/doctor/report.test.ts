import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING_SEEN, type Observations } from "#src/core/doctor/observations.js";
import { failureJson, reportJson } from "#src/core/doctor/report.js";

const EXAMINED = { target: { host: "::1", port: 502 }, unit: 3 };
const SEEN: Observations = {
  ...NOTHING_SEEN,
  connectMs: 2,
  greeting: "hi\u001b[2J",
  framing: "modbus",
  reading: { code: 3, register: 7, exception: undefined },
  pipeline: { kind: "tried", requests: 4 },
  idle: { kind: "dies", ms: 45_000, aliveMs: 10_000 },
};

test("the report for programs has a form that stays: names and kinds of all members", () => {
  const line = reportJson(EXAMINED, SEEN, [{ option: "protocol", value: "modbus", why: "So." }]);
  assert.doesNotMatch(line, /[\p{Cc}]/u, "one line that drives no terminal");
  assert.deepEqual(JSON.parse(line), {
    ...{ doctor: 1, target: "[::1]:502", unit: 3 },
    seen: {
      ...{ connectMs: 2, greeting: "hi\u001b[2J", framing: "modbus", readyMs: 0, echoes: false, ids: "unknown" },
      ...{ speed: { reads: 0, p50Ms: 0, worstMs: 0, lost: 0 }, gapMs: 0, unaskedBytes: 0, closesAfterAnswer: false },
      ...{ mostRegisters: 0, links: { count: 1, tried: 0, kept: "oldest", parallel: false } },
      ...{ function: 3, register: 7, exception: null, answersAs: null },
      ...{ pipeline: 4, idle: { end: "dies", ms: 45_000, aliveMs: 10_000 }, notTried: [] },
    },
    advice: [{ option: "protocol", value: "modbus", why: "So." }],
    section: "[mux device]\n# Clients connect to this port.\nlisten=5020\ntarget=[::1]:502\n# So.\nprotocol=modbus",
  });
});

test("what was not tried is null, with a reason; a device that does not answer is an error", () => {
  const { pipeline, idle } = NOTHING_SEEN;
  const { seen } = JSON.parse(reportJson(EXAMINED, { ...SEEN, pipeline, idle }, []));
  assert.deepEqual([seen.pipeline, seen.idle], [null, null]);
  assert.deepEqual(seen.notTried, [
    { what: "pipeline", why: "no time was left" },
    { what: "idle", why: "no time was left" },
  ]);
  assert.deepEqual(JSON.parse(failureJson(EXAMINED, "no answer")), {
    ...{ doctor: 1, target: "[::1]:502", unit: 3 },
    error: "no answer",
  });
});
