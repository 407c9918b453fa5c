import assert from "node:assert/strict";
import { test } from "node:test";
import { type HealthReport, healthReply } from "#src/core/health/health-reply.js";
import { type Problem, wordsOf } from "#src/core/health/problem.js";
import { muxStatus } from "../../support/mux-status.js";

const WORDS = wordsOf("device-down", "inverter");
const DOWN: Problem = {
  ...{ severity: "error", kind: "device-down", name: "inverter", since: "then", why: "refused" },
  ...WORDS,
};
const ENGINE: Problem = { ...DOWN, kind: "notifications-down", name: "http://hub" };
const LINE: Problem = { ...DOWN, line: "inverter" };
const WARNING: Problem = { ...LINE, severity: "warning" };
const LISTENER = { kind: "proxy", name: "proxy port 2504", address: "::", port: 2504 };

function ask(query: Readonly<Record<string, string>>, ...problems: readonly Problem[]) {
  const report: HealthReport = {
    problems,
    listeners: [LISTENER, { ...LISTENER, kind: "mux", port: 5020, section: "inverter" }],
    directs: [],
    muxes: [muxStatus({ name: "inverter" }), muxStatus({ port: 5021 })],
    tunnels: [],
    devices: [],
  };
  const { status, body } = healthReply(new Map(Object.entries(query)), report);
  assert.ok(body.endsWith("}\n"));
  return [status, JSON.parse(body)];
}

test("a daemon is well without errors; warnings do not count", () => {
  assert.deepEqual(ask({}), [200, { status: "ok", reasons: [] }]);
  assert.deepEqual(ask({}, WARNING), [200, { status: "ok", reasons: [] }]);
  assert.deepEqual(ask({}, LINE, WARNING, ENGINE), [503, { status: "failing", reasons: [LINE, ENGINE] }]);
});

test("a line answers for itself, by its name or by its port", () => {
  for (const line of ["inverter", "5020"]) {
    assert.deepEqual(ask({ line }, ENGINE, LINE), [503, { status: "failing", reasons: [LINE] }]);
    assert.equal(ask({ line }, ENGINE)[0], 200);
  }
  for (const line of ["5021", "2504"]) assert.equal(ask({ line }, ENGINE, LINE)[0], 200, line);
});

test("a name that looks like a port of another line is the name", () => {
  const named = { ...LINE, line: "5020" };
  const report = { problems: [named], directs: [], tunnels: [], devices: [] };
  const muxes = [muxStatus({ port: 5020, name: "first" }), muxStatus({ port: 5021, name: "5020" })];
  const listeners = muxes.map(({ port, name = "" }) => ({ ...LISTENER, port, section: name }));
  const ofLine = (line: string): number =>
    healthReply(new Map([["line", line]]), { ...report, muxes, listeners }).status;
  assert.deepEqual(["5020", "5021", "first"].map(ofLine), [503, 503, 200]);
});

test("an unknown line, and an unknown parameter, are said to be so", () => {
  for (const line of ["", "inverte", "Inverter", "5022", "__proto__"]) {
    assert.deepEqual(ask({ line }, LINE), [404, { status: "unknown", reasons: [`no line "${line}"`] }]);
  }
  assert.deepEqual(ask({ line: "\u001b[2J" })[1].reasons, ['no line "?[2J"']);
  assert.deepEqual(ask({ lien: "inverter" })[0], 400);
});
