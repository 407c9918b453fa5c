import assert from "node:assert/strict";
import { test } from "node:test";
import { type HealthReply, type HealthSource, healthReply } from "#src/core/health/health-reply.js";
import { type Problem, wordsOf } from "#src/core/health/problem.js";
import { gatherNow, type LineNames, type NamedLine } from "#src/core/status/gathering.js";
import { gathered } from "../../support/gathered.js";

const WORDS = wordsOf("device-down", "inverter");
const DOWN: Problem = {
  ...{ severity: "error", kind: "device-down", name: "inverter", since: "then", why: "refused" },
  ...WORDS,
};
const ENGINE: Problem = { ...DOWN, kind: "notifications-down", name: "http://hub" };
const LINE: Problem = { ...DOWN, line: "inverter" };
const WARNING: Problem = { ...LINE, severity: "warning" };

function names(...lines: LineNames[]): NamedLine[] {
  return lines.map((lineNames) => ({ lineNames }));
}

function answer(query: Readonly<Record<string, string>>, source: HealthSource): HealthReply {
  return gatherNow(healthReply(new Map(Object.entries(query)), source));
}

function ask(query: Readonly<Record<string, string>>, ...problems: readonly Problem[]) {
  const { status, body } = answer(query, {
    lines: names(["inverter", "5020"], ["5021", "5021"], ["2504", "2504"], ["inverter", "5020"]),
    problems: () => gathered(problems),
  });
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
  const lines = names(["first", "5020"], ["5020", "5021"]);
  const looked: unknown[] = [];
  const problems = (line?: string) => {
    looked.push(line);
    return gathered([named]);
  };
  const ofLine = (line: string): number => answer({ line }, { lines, problems }).status;
  assert.deepEqual(["5020", "5021", "first"].map(ofLine), [503, 503, 200]);
  assert.deepEqual(looked, ["5020", "5020", "first"], "no other line is looked at");
});

test("an unknown line, and an unknown parameter, are said to be so", () => {
  for (const line of ["", "inverte", "Inverter", "5022", "__proto__"]) {
    assert.deepEqual(ask({ line }, LINE), [404, { status: "unknown", reasons: [`no line "${line}"`] }]);
  }
  assert.deepEqual(ask({ line: "\u001b[2J" })[1].reasons, ['no line "?[2J"']);
  assert.deepEqual(ask({ lien: "inverter" })[0], 400);
});
