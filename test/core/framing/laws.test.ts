import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { modbusSerialFraming } from "#src/core/framing/modbus-serial-framing.js";
import { FRAMINGS } from "../../support/framings.js";
import { crc16 } from "../../support/modbus.js";
import { cutApartFromZeros, cutAt, pieces } from "./run.js";
import { GENERATORS } from "./samples.js";

/*
 * The laws of a framing, for whatever bytes come in whatever chunks:
 *
 * 1. It never throws.
 * 2. Its cuts put together, with those of end(), are the input.
 * 3. They do not depend on the chunks (parts of a message joined with what follows, and neighbouring junk), nor on what becomes
 *    of a chunk's memory later.
 * 4. It holds no more than its kind says; nothing after end().
 * 5. Valid messages come out as exactly these; so do those behind junk that the protocol can get over.
 */
const RUNS = { numRuns: 60 };
const places = fc.array(fc.nat(), { maxLength: 30 });

/**
 * Bare RTU: behind a function code without a known length, only what comes at once tells whether the CRC ends with a zero, and which of two
 * CRCs that fit is the end. In a request that comes in pieces it never ends with a zero.
 */
function cutterOf(name: string, direction: "requests" | "answers"): typeof cutAt {
  if (name !== "modbus-serial") return cutAt;
  if (direction === "answers") {
    return (whole, places) => (fitsTwice(whole) ? [whole] : cutApartFromZeros(whole, places));
  }
  return (whole, places) => (whole.includes(0) ? [whole] : cutAt(whole, places));
}

/** Whether an answer of bare RTU that is read from these bytes as a whole could end sooner, too. */
function fitsTwice(whole: Buffer): boolean {
  return pieces(modbusSerialFraming.answers(), [whole])
    .filter(({ kind }) => kind === "frame")
    .map(({ bytes }) => Buffer.from(bytes, "latin1"))
    .some((frame) =>
      Array.from({ length: frame.length - 4 }, (_, n) => frame.subarray(0, n + 4)).some((part) =>
        crc16(part.subarray(0, -2)).equals(part.subarray(-2)),
      ),
    );
}

for (const kind of FRAMINGS) {
  const generators = GENERATORS[kind.name];
  if (generators === undefined) throw new Error(`samples.ts has nothing for ${kind.name}`);
  for (const direction of ["requests", "answers"] as const) {
    const samples = generators[direction];
    const cut = cutterOf(kind.name, direction);

    const valid = samples.map((list) => Buffer.concat(list.map(({ bytes }) => bytes)));
    const arbitrary = fc.uint8Array({ maxLength: 400 }).map((list) => Buffer.from(list));
    const piece = fc.oneof(fc.constantFrom(...generators.pieces), valid);
    const patched = fc.array(piece, { maxLength: 12 }).map((list) => Buffer.concat(list));
    const damaged = fc.tuple(valid, fc.nat(), fc.nat(255), fc.nat(2)).map(([whole, place, byte, removed]) => {
      const at = place % (whole.length + 1);
      return Buffer.concat([whole.subarray(0, at), Buffer.from([byte]), whole.subarray(at + removed)]);
    });

    test(`${kind.name}, ${direction}: the laws 1 to 4`, () => {
      fc.assert(
        fc.property(fc.oneof(arbitrary, patched, damaged), places, (input, at) => {
          const whole = pieces(kind[direction](), [input], kind.maxHeld);
          assert.equal(whole.map(({ bytes }) => bytes).join(""), input.toString("latin1"));
          const heads = whole.map(({ heads, ...piece }) => ({ ...piece, heads: heads.length, reason: "" }));
          const chunkings = [cut(input, at)];
          if (input.length < 2000) chunkings.push(cut(input, [...input.keys()]));
          for (const chunks of chunkings) {
            const found = pieces(kind[direction](), chunks, kind.maxHeld);
            assert.deepEqual(
              found.map(({ heads, ...piece }) => ({ ...piece, heads: heads.length, reason: "" })),
              heads,
            );
          }
        }),
        RUNS,
      );
    });

    test(`${kind.name}, ${direction}: law 5`, () => {
      fc.assert(
        fc.property(samples, places, (list, at) => {
          const input = Buffer.concat(list.map(({ bytes }) => bytes));
          const expected: [string, string][] = [];
          for (const { kind: what, bytes } of list) {
            const last = expected.at(-1);
            if (what === "junk" && last?.[0] === "junk") last[1] += bytes.toString("latin1");
            else expected.push([what, bytes.toString("latin1")]);
          }
          const found = pieces(kind[direction](), cut(input, at), kind.maxHeld);
          assert.deepEqual(
            found.map(({ kind, bytes }) => [kind, bytes]),
            expected,
          );
        }),
        RUNS,
      );
    });
  }
}
