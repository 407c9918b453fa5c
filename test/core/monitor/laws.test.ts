import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TEXT_MAX } from "#src/core/monitor/escape.js";
import type { Message, View } from "#src/core/monitor/view.js";
import { VIEWS } from "#src/core/monitor/views/views.js";
import { bytes, cutAt } from "../framing/run.js";
import { GENERATORS } from "../framing/samples.js";
import { type Direction, mergeJunk, type Seen, watch } from "./run.js";

/*
 * The laws of a view, for whatever bytes come in whatever chunks:
 *
 * 1. It never throws; a look and a decoding are one line of printable characters, of bounded length.
 * 2. Its messages do not depend on the chunks (neighbouring junk taken together). Of hex they do.
 * 3. Their bytes put together are the input. Of http they are not where a body is long.
 */
const RUNS = { numRuns: 50 };
const FRAMING_OF: Readonly<Record<string, string>> = { conbus: "conbus", line: "echo", modbus: "modbus", http: "http" };
const DEPENDS_ON_CHUNKS = ["hex"];
const LEAVES_OUT = ["http"];
/** Longer than any view makes a line; the longest is of a Modbus message or a text that has been cut. */
const LINE_MAX = TEXT_MAX + 100;

const places = fc.array(fc.nat(), { maxLength: 30 });
const arbitrary = fc.uint8Array({ maxLength: 400 }).map((list) => Buffer.from(list));

/** Any bytes, streams that are nearly valid, and valid ones with a fault. */
function streams(view: View, direction: Direction): fc.Arbitrary<Buffer> {
  const generators = GENERATORS[FRAMING_OF[view.name] ?? "conbus"];
  assert.ok(generators !== undefined);
  const samples = direction === "up" ? generators.requests : generators.answers;
  const valid = samples.map((list) => Buffer.concat(list.map((sample) => sample.bytes)));
  const piece = fc.oneof(fc.constantFrom(...generators.pieces), valid);
  const patched = fc.array(piece, { maxLength: 12 }).map((list) => Buffer.concat(list));
  const damaged = fc.tuple(valid, fc.nat(), fc.nat(255), fc.nat(2)).map(([whole, place, byte, removed]) => {
    const at = place % (whole.length + 1);
    return Buffer.concat([whole.subarray(0, at), Buffer.of(byte), whole.subarray(at + removed)]);
  });
  return fc.oneof(arbitrary, valid, patched, damaged);
}

/** Requests, then answers: what a connection would show. */
function watchBoth(view: View, up: readonly Buffer[], down: readonly Buffer[]): { up: Seen[]; down: Seen[] } {
  const parsers = view.createParsers();
  return { up: watch(view, parsers.up, up, "up"), down: watch(view, parsers.down, down, "down") };
}

function assertLine(line: string | undefined): void {
  assert.match(line ?? "", /^[^\p{C}\p{Zl}\p{Zp}]*$/u);
  assert.ok((line ?? "").length <= LINE_MAX, `${line?.length} characters`);
}

for (const view of VIEWS) {
  test(`${view.name}: the laws, for streams`, () => {
    fc.assert(
      fc.property(streams(view, "up"), streams(view, "down"), places, places, (up, down, atUp, atDown) => {
        const whole = watchBoth(view, [up], [down]);
        const chunkings = [[cutAt(up, atUp), cutAt(down, atDown)] as const];
        if (up.length + down.length < 4000) {
          chunkings.push([cutAt(up, [...up.keys()]), cutAt(down, [...down.keys()])]);
        }
        for (const direction of ["up", "down"] as const) {
          const input = direction === "up" ? up : down;
          for (const seen of [whole, ...chunkings.map((cut) => watchBoth(view, ...cut))]) {
            for (const { text, fault, decoded } of seen[direction]) [text, fault, decoded].forEach(assertLine);
            if (!LEAVES_OUT.includes(view.name)) {
              assert.equal(seen[direction].map((one) => one.bytes).join(""), input.toString("latin1"));
            }
            if (!DEPENDS_ON_CHUNKS.includes(view.name)) {
              assert.deepEqual(mergeJunk(seen[direction]), mergeJunk(whole[direction]));
            }
          }
        }
      }),
      RUNS,
    );
  });

  test(`${view.name}: any message can be looked at`, () => {
    const about = fc.constantFrom<Partial<Message>>(
      {},
      { note: "answer" },
      { note: "body, 9 bytes" },
      { junk: "no \x1b" },
    );
    const telegram = arbitrary.map((inside) => bytes("<", [...inside], ">"));
    fc.assert(
      fc.property(fc.oneof(arbitrary, telegram), about, fc.constantFrom("up", "down"), (found, more, direction) => {
        const message = { bytes: found, ...more };
        const { text, fault } = view.render(message);
        const decoded = view.decode?.(message, direction);
        for (const line of [text, fault, decoded?.text]) assertLine(line);
        if (message.junk !== undefined) assert.equal(fault, "no ?");
        else if (view.name !== "conbus") assert.equal(fault, undefined);
        if (message.junk !== undefined) assert.equal(decoded, undefined);
      }),
      RUNS,
    );
  });
}
