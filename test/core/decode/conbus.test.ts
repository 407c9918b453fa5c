import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checksum, checkTelegram, parseTelegram } from "#src/core/decode/conbus.js";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

/** Telegrams of docs/monitor.md and of the public documents of the protocol. */
const right = [
  "<S0000000000F01D00FA>",
  "<R0020030837F01DFM>",
  "<R0020044966F01DFK>",
  "<S0020012521F02D18FN>",
  "<R0020012521F02D18+26,0\xa7CIL>", // § is above ASCII: the high nibble counts
  "<S0020044964F27D00AAFN>",
  "<E14L00I02MAK>",
];
for (const telegram of right) {
  test(`${telegram}: the checksum is right`, () => {
    assert.equal(checksum(latin1(telegram.slice(1, -3))), telegram.slice(-3, -1));
    assert.equal(checkTelegram(latin1(telegram)), undefined);
  });
}

const wrong: [telegram: string, fault: string][] = [
  ["<S0000000000F01D00FB>", "checksum FB, FA is right"],
  ["<S0000000000F01D00fa>", "checksum fa, FA is right"],
  ["<S0000000001F01D00FA>", "checksum FA, FB is right"],
  ["<S0020044966F27D00AA>", "checksum AA, FP is right"],
  ["<S0000000000F01D00\x1b\n>", "checksum ??, FA is right"],
  ["<>", "too short for a checksum"],
  ["<FA>", "too short for a checksum"],
  ["<AAA>", "checksum AA, EB is right"],
];
for (const [telegram, fault] of wrong) {
  test(`${JSON.stringify(telegram)}: ${fault}`, () => assert.equal(checkTelegram(latin1(telegram)), fault));
}

test("a changed byte shows, wherever it is", () => {
  const inside = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((list) => Buffer.from(list));
  fc.assert(
    fc.property(inside, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, place, change) => {
      const telegram = Buffer.concat([latin1("<"), bytes, latin1(`${checksum(bytes)}>`)]);
      assert.equal(checkTelegram(telegram), undefined);
      const at = 1 + (place % (telegram.length - 2));
      telegram[at] = (telegram[at] ?? 0) ^ change;
      assert.match(checkTelegram(telegram) ?? "", /^checksum .., [A-P]{2} is right$/);
    }),
  );
});

type Parts = Record<string, string>;
const discovery = { function: "01", functionName: "discovery" };
const table: [telegram: string, parts: Parts | undefined][] = [
  ["<S0000000000F01D00FA>", { type: "system", serialNumber: "0000000000", ...discovery, datapoint: "00" }],
  ["<R0020030837F01DFM>", { type: "reply", serialNumber: "0020030837", ...discovery }],
  [
    "<R0020012521F02D18+26,0\xa7CIL>",
    {
      type: "reply",
      serialNumber: "0020012521",
      function: "02",
      functionName: "read datapoint",
      datapoint: "18",
      data: "+26,0\xa7C",
    },
  ],
  [
    "<S0020044964F27D00AAFN>",
    {
      type: "system",
      serialNumber: "0020044964",
      function: "27",
      functionName: "action",
      datapoint: "00",
      data: "AA",
    },
  ],
  ["<S0020044964F99D00XX>", { type: "system", serialNumber: "0020044964", function: "99", datapoint: "00" }],
  ["<E14L00I02MAK>", { type: "event", moduleType: "14", link: "00", input: "02", action: "make" }],
  ["<E07L99I90BXX>", { type: "event", moduleType: "07", link: "99", input: "90", action: "break" }],
  ["<E14L00I02XAK>", { type: "event", data: "14L00I02X" }],
  ["<E14L0I02MAK>", { type: "event", data: "14L0I02M" }],
  ["<E14L00I02M\nAK>", { type: "event", data: "14L00I02M\n" }],
  ["<S002F01D00FA>", { type: "system", data: "002F01D00" }],
  [
    "<R0020044964F18D\n12FA>",
    { type: "reply", serialNumber: "0020044964", function: "18", functionName: "acknowledged", data: "\n12" },
  ],
  ["<X123FA>", { type: "unknown", data: "X123" }],
  ["<SAA>", { type: "system" }],
  ["<AA>", undefined],
  ["<>", undefined],
];
for (const [telegram, parts] of table) {
  test(`${JSON.stringify(telegram)} consists of ${JSON.stringify(parts)}`, () => {
    const expected = parts && { ...parts, checksum: telegram.slice(-3, -1) };
    assert.deepEqual(parseTelegram(latin1(telegram)), expected);
  });
}
