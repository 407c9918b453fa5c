import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NUMBER_TYPES, type NumberType } from "#src/core/mux/publish/publish-rule.js";
import { readingOf } from "#src/core/mux/publish/register-value.js";
import { encodeNumber, type RawNumber, ruleOf } from "../../../support/published.js";

const ORDERS = [{}, { wordSwap: true }, { byteSwap: true }, { wordSwap: true, byteSwap: true }] as const;

function wordsOf(order: { wordSwap?: boolean; byteSwap?: boolean }): string {
  return `${order.wordSwap ? " word-swap" : ""}${order.byteSwap ? " byte-swap" : ""}`;
}

function numbers(type: NumberType): fc.Arbitrary<RawNumber> {
  if (type === "float32") return fc.float({ noNaN: true, noDefaultInfinity: true });
  if (type === "float64") return fc.double({ noNaN: true, noDefaultInfinity: true });
  const bits = BigInt(16 * NUMBER_TYPES[type]);
  return type.startsWith("u")
    ? fc.bigInt({ min: 0n, max: 2n ** bits - 1n })
    : fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n });
}

for (const type of Object.keys(NUMBER_TYPES) as NumberType[]) {
  test(`law: what a device encodes as ${type} is read as it is, in every order`, () => {
    for (const order of NUMBER_TYPES[type] === 1 ? [ORDERS[0], ORDERS[2]] : ORDERS) {
      const rule = ruleOf(`unit 1 holding 0 ${type}${wordsOf(order)} as x`);
      fc.assert(
        fc.property(numbers(type), (value) => {
          const reading = readingOf(rule, encodeNumber(type, value, order));
          assert.equal(reading.kind, "value");
          if (reading.kind !== "value") return;
          if (typeof value === "bigint") assert.equal(BigInt(reading.text), value);
          else if (type === "float32") assert.equal(Math.fround(Number(reading.text)), value + 0);
          else assert.equal(Number(reading.text), value + 0);
          assert.doesNotMatch(reading.text, /e/i);
        }),
        { numRuns: 60 },
      );
    }
  });
}

test("numbers, scaled and rounded without a digit too many", () => {
  const table: [rule: string, bytes: string, text: string, value?: unknown][] = [
    ["int32 scale 0.001", "fffffed4", "-0.3", -0.3],
    ["int32 scale 0.001 decimals 2", "00001068", "4.20", 4.2],
    ["uint16 scale 0.1 offset -273.15", "0bb8", "26.85", 26.85],
    ["int16 scale 10", "ffff", "-10", -10],
    ["uint16 scale 0.01 decimals 0", "0096", "2", 2],
    ["int16 scale 0.01 decimals 0", "ff6a", "-2", -2],
    ["float32", "43661999", "230.09999", 230.09999],
    ["float32", "4366199a", "230.1", 230.1],
    ["float32 scale 0.001", "4366199a", "0.2301", 0.2301],
    ["float64", "3fb999999999999a", "0.1", 0.1],
    ["uint64", "ffffffffffffffff", "18446744073709551615", "18446744073709551615"],
    ["uint64 scale 0.001", "ffffffffffffffff", "18446744073709551.615", "18446744073709551.615"],
    ["uint32 word-swap", "00020001", "65538", 65_538],
    ["uint32 byte-swap", "01000200", "65538", 65_538],
    ["int16 scale-at 1", "0929fffe", "23.45", 23.45],
    ["int16 scale-at 1 scale 0.001", "09290002", "234.5", 234.5],
    ["int32 scale-at 3 word-swap byte-swap", "0100000000000200", "100", 100],
    ["bool", "0000", "false", false],
    ["bool", "8000", "true", true],
    ["bit 0", "0001", "true", true],
    ["bit 15", "0001", "false", false],
    ["bit 8 byte-swap", "0001", "true", true],
    ["string 4", "53554e3230303020", "SUN2000", "SUN2000"],
    ["string 4", "5355000058585858", "SU", "SU"],
    ["string 2 byte-swap", "55530020", "SU", "SU"],
    ["string 2", "c3a4c3b6", "äö", "äö"],
  ];
  for (const [words, bytes, text, value = text] of table) {
    const reading = readingOf(ruleOf(`unit 1 holding 0 ${words} as x`), Buffer.from(bytes, "hex"));
    assert.deepEqual(reading, { kind: "value", text, value }, words);
  }
});

test("what is no value is none", () => {
  const table: [rule: string, bytes: string][] = [
    ["int16 invalid 0x8000", "8000"],
    ["int16 invalid -32768", "8000"],
    ["uint16 invalid 65535 invalid 0xFFFE", "fffe"],
    ["int32 invalid 0x80000000", "80000000"],
    ["uint32 word-swap invalid 0x80000000", "00008000"],
    ["int16 scale-at 1", "00058000"],
    ["int16 scale-at 1", "0005000b"],
    ["float32", "7fc00000"],
    ["float32", "ff800000"],
    ["float64", "7ff8000000000000"],
    ["float32 invalid -9999", "c61c3c00"],
    ["string 1", "ff41"],
    ["string 1", "4107"],
  ];
  for (const [words, bytes] of table) {
    assert.deepEqual(
      readingOf(ruleOf(`unit 1 holding 0 ${words} as x`), Buffer.from(bytes, "hex")),
      { kind: "invalid" },
      words,
    );
  }
});

test("the power of ten may stand before the number, with others between", () => {
  const rule = ruleOf("unit 1 holding 5 int16 scale-at 3 as x");
  assert.deepEqual(readingOf(rule, Buffer.from("ffff0000ff85", "hex")), { kind: "value", text: "-12.3", value: -12.3 });
});
