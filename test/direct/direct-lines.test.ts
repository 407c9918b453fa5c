import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { DirectLine } from "#src/core/config/settings.js";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { DirectLines } from "#src/direct/direct-lines.js";
import { statusOf } from "../support/gathered.js";
import { servicesHere } from "../support/services.js";

function line(port: number, text: string): DirectLine {
  const parsed = parseDirectRoute(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return { port, text, route: parsed.value } as DirectLine;
}

function setUp(t: TestContext) {
  const here = servicesHere(t);
  const { context } = here.generation;
  const lines = new DirectLines(context);
  t.after(() => lines.close());
  return { ...here, lines, configure: (...next: DirectLine[]) => lines.configure(next, context) };
}

const TWO = "127.0.0.1:1,127.0.0.1:2";

test("a reload keeps the servers of a line whose other options have changed", (t) => {
  const { lines, configure } = setUp(t);
  configure(line(1, `${TWO} BALA=first`));
  const group = lines.of(line(1, `${TWO} BALA=first`));
  configure(line(1, `${TWO} BALA=round`));
  assert.equal(lines.of(line(1, `${TWO} BALA=round`)), group);
  assert.deepEqual([statusOf(lines).length, statusOf(lines)[0]?.balance], [1, "round"]);
});

test("other servers, another transport or another port are other servers", (t) => {
  const { lines, configure } = setUp(t);
  configure(line(1, TWO));
  const group = lines.of(line(1, TWO));
  for (const next of [line(1, "127.0.0.1:1"), line(2, TWO), line(1, `${TWO} PRTO=tls`)]) {
    assert.notEqual(lines.of(next), group);
  }
});

test("a line that is gone is not checked any more", (t) => {
  const { clock, lines, configure } = setUp(t);
  configure(line(1, TWO), line(2, TWO));
  assert.equal(clock.pending, 4);
  configure(line(2, TWO));
  assert.deepEqual([clock.pending, statusOf(lines).map(({ port }) => port)], [2, [2]]);
  lines.close();
  assert.equal(clock.pending, 0);
});
