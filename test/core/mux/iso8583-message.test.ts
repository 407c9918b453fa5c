import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isEmptyIso, isIsoAnswer, isIsoPair, readIsoTrace } from "#src/core/mux/iso8583-message.js";

const TPDU = "6000010000";
const hexOf = (ascii: string): string => Buffer.from(ascii).toString("hex");
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Messages in hexadecimal digits, and their trace. The bitmap `7220…` has the fields 2, 3, 4, 7 and 11; `0020…` has 11 alone. */
const READABLE: readonly (readonly [what: string, message: string, mti: string, stan: string])[] = [
  ["ASCII, bitmap in hex", hexOf("08000020000000000000123456"), "0800", "123456"],
  ["ASCII, bitmap in lower-case hex", hexOf("0200102000000000abcd000000001000000042"), "0200", "000042"],
  ["ASCII, binary bitmap", `${hexOf("0800")} 0020000000000000 ${hexOf("123456")}`, "0800", "123456"],
  ["BCD, binary bitmap", "0800 0020000000000000 123456", "0800", "123456"],
  ["BCD, bitmap in hex", `0800 ${hexOf("0020000000000000")} 123456`, "0800", "123456"],
  ["BCD, numbers in ASCII", `0800 0020000000000000 ${hexOf("123456")}`, "0800", "123456"],
  ["ASCII, numbers in BCD", `${hexOf("0800")} 0020000000000000 123456`, "0800", "123456"],
  ["a TPDU in front", `${TPDU} 0210 0020000000000000 000007`, "0210", "000007"],
  ["a TPDU in front of ASCII", TPDU + hexOf("02100020000000000000000007"), "0210", "000007"],
  [
    "a card number and other fields before",
    hexOf("0100722000000000000016400000******0002000000000000001500112912345600004200"),
    "0100",
    "000042",
  ],
  [
    "the same in BCD, with a card number of 19 digits",
    "0100 7220000000000000 19 4000000000000000002f 000000 000000001500 1129123456 000042",
    "0100",
    "000042",
  ],
  [
    "a card number of 16 digits behind a length that is a plain number",
    "0100 7220000000000000 10 4000000000000002 000000 000000001500 1129123456 000042",
    "0100",
    "000042",
  ],
  ["a second bitmap", "0800 8020000000000000 0400000000000000 000321 0301", "0800", "000321"],
  ["a second bitmap in hex", hexOf("080080200000000000000400000000000000000321301"), "0800", "000321"],
  [
    "all fields before",
    hexOf(`1200 7fe0000000000000 ${"02"}12 ${"3".repeat(6 + 36 + 10 + 24)}000009`.replaceAll(" ", "")),
    "1200",
    "000009",
  ],
];

for (const [what, message, mti, stan] of READABLE) {
  test(`type and trace number are found: ${what}`, () => {
    const trace = readIsoTrace(hex(message));
    assert.deepEqual([trace?.mti, trace?.stans.includes(stan)], [mti, true]);
  });
}

for (const [what, message] of [
  ["nothing", ""],
  ["text", hexOf("hello, this is no message of that kind")],
  ["a number and text", hexOf("0200 hello, this is no message of that kind")],
  ["no trace number", "0800 0010000000000000 123456"],
  ["letters for the trace number", hexOf("08000020000000000000JKLMNO")],
  ["too short for its bitmap", "0800 00200000"],
  ["too short for its trace number", "0800 0020000000000000 1234"],
  ["too short for its second bitmap", "0800 8020000000000000 04000000"],
  ["the version of 2003", "2100 0020000000000000 123456"],
  ["a class that there is not", "0900 0020000000000000 123456"],
  ["a card number of 99 digits", `0100 4020000000000000 99 ${"00".repeat(60)}`],
  ["a header of its own", hexOf("ISO02500007708000020000000000000123456")],
] as const) {
  test(`what cannot be read has no trace: ${what}`, () => {
    assert.equal(readIsoTrace(hex(message)), undefined);
  });
}

test("a message without a byte, or with a TPDU alone, is empty", () => {
  assert.deepEqual(
    ["", TPDU, "60", "00", `${TPDU}08`].map((text) => isEmptyIso(hex(text))),
    [true, true, false, false, false],
  );
});

for (const [request, answer, isPair] of [
  ["0100", "0110", true],
  ["0200", "0210", true],
  ["0201", "0210", true],
  ["0420", "0430", true],
  ["0421", "0430", true],
  ["0800", "0810", true],
  ["1804", "1814", true],
  ["0200", "0200", false],
  ["0200", "0230", false],
  ["0200", "0110", false],
  ["0200", "1210", false],
  ["0200", "0810", false],
  ["0210", "0200", false],
] as const) {
  test(`${answer} ${isPair ? "answers" : "does not answer"} ${request}`, () => {
    const [asked, given] = [request, answer].map((mti) => ({ mti, stans: ["000001"], digits: "bcd" as const }));
    assert.equal(isIsoPair(given ?? assert.fail(), asked ?? assert.fail()), isPair);
    assert.equal(isIsoPair({ ...(given ?? assert.fail()), stans: ["000002"] }, asked ?? assert.fail()), false);
  });
}

test("an answer without the card number of its request has the same trace number", () => {
  for (const length of ["16", "10"]) {
    const asked = readIsoTrace(
      hex(`0100 7220000000000000 ${length} 4000000000000002 000000 000000001500 1129123456 000042`),
    );
    const given = readIsoTrace(hex("0110 3220000002000000 000000 000000001500 1129123456 000042 3030"));
    assert.equal(isIsoPair(given ?? assert.fail(), asked ?? assert.fail()), true);
  }
});

test("the function tells answers from requests", () => {
  const isAnswer = (mti: string): boolean => isIsoAnswer({ mti, stans: ["000001"], digits: "bcd" });
  assert.deepEqual(["0100", "0110", "0220", "0231", "0800", "0810"].map(isAnswer), [
    false,
    true,
    false,
    true,
    false,
    true,
  ]);
});

test("law: reading never fails, and does not depend on what follows the trace number", () => {
  fc.assert(
    fc.property(fc.constantFrom(...READABLE), fc.uint8Array({ maxLength: 40 }), ([, message, mti, stan], more) => {
      const trace = readIsoTrace(Buffer.concat([hex(message), more]));
      assert.deepEqual([trace?.mti, trace?.stans.includes(stan)], [mti, true]);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readIsoTrace(Buffer.from(bytes))));
});
