import assert from "node:assert/strict";
import { test } from "node:test";
import { type LineFacts, lineState, lineStatuses, lineStatusJson } from "#src/core/mqtt/line-status.js";
import { gatherNow } from "#src/core/status/gathering.js";
import { FULL_REPORT } from "../../support/full-report.js";

test("every line has a topic of its own, whatever its name", () => {
  const [direct] = FULL_REPORT.directs;
  const [mux] = FULL_REPORT.muxes;
  if (direct === undefined || mux === undefined) throw new Error("the report has lines");
  const facts = {
    ...FULL_REPORT,
    directs: [{ ...direct, name: "heat pump" }],
    muxes: [
      { ...mux, name: "heat pump" },
      { ...mux, name: "b/+" },
    ],
  };
  const topics = gatherNow(lineStatuses(facts)).map(({ topic }) => topic);
  assert.deepEqual(topics.slice(0, 3), ["line/heat_pump/status", "line/mux_heat_pump/status", "line/b__/status"]);
  assert.equal(new Set(topics).size, topics.length);
});

test("the status says whether a line is connected, and counts", () => {
  const [direct, mux] = gatherNow(lineStatuses(FULL_REPORT));
  if (direct === undefined || mux === undefined) throw new Error("the report has lines");
  assert.equal(direct.connected, true, "one of two servers is up");
  assert.equal(direct.counters["clients"], 1, "the connection that the line keeps is no client");
  assert.equal(mux.counters["requests"], 12);
  const json = JSON.parse(lineStatusJson(mux));
  assert.equal(json.connected, mux.connected);
  assert.equal(json.answers, 11);
});

test("a line's own connection is no client, neither while it is made nor when it is there", () => {
  const [direct] = FULL_REPORT.directs;
  if (direct === undefined) throw new Error("the report has a direct line");
  const own = { topic: "t", sinceMs: 0, received: 0, sent: 0, refused: 0 };
  for (const [state, clients] of [
    [{ connected: false, reason: "away" }, 2],
    [{ connected: false, dialing: true, reason: "away" }, 1],
    [{ connected: true }, 1],
  ] as const) {
    const facts: LineFacts = { ...FULL_REPORT, directs: [{ ...direct, standing: { ...own, ...state } }] };
    assert.equal(gatherNow(lineStatuses(facts))[0]?.counters["clients"], clients);
  }
});

test("bytes alone change no state", () => {
  const [direct] = gatherNow(lineStatuses(FULL_REPORT));
  if (direct === undefined) throw new Error("the report has lines");
  assert.equal(lineState({ ...direct, counters: { ...direct.counters, received: 99 } }), lineState(direct));
  assert.notEqual(lineState({ ...direct, connected: false }), lineState(direct));
});
