import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { modbusSerialFraming } from "#src/core/framing/modbus-serial-framing.js";
import { readPdu, wrap, writeManyPdu, writePdu } from "../../support/modbus.js";
import { answerPdu } from "../../support/modbus-device.js";
import { cutApartFromZeros, pieces } from "./run.js";

const frame = (pdu: Buffer, unit = 1): Buffer => wrap("modbus-serial", { id: 0, unit, pdu });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const READ = readPdu(0x6b, 3);
const ANSWER = frame(answerPdu(1, READ));
const VENDOR = frame(hex(`20 02015a ${"0011223344".repeat(4)}`));

/** The kinds and bytes of what is cut from an answer to this request; neighbouring junk is joined. */
function cuts(request: Buffer, ...chunks: Buffer[]): [kind: string, bytes: string][] {
  const found = pieces(modbusSerialFraming.answers(request), chunks, modbusSerialFraming.maxHeld);
  return found.map(({ kind, bytes }) => [kind, Buffer.from(bytes, "latin1").toString("hex")]);
}

const streams: [name: string, before: Buffer, after: Buffer][] = [
  ["a vendor frame in front", VENDOR, hex("")],
  ["a vendor frame behind", hex(""), VENDOR],
  ["line noise on both sides", hex("00ff37fe"), hex("fe00")],
  ["zeros behind", hex(""), Buffer.alloc(3)],
  ["a banner", Buffer.from("ACME Serial Server 2.0\r\n"), hex("")],
  ["the unit and function of the answer", hex("01 03"), hex("01")],
  ["the beginning of the answer, then silence", ANSWER.subarray(0, 4), hex("")],
  ["the answer with a wrong CRC", Buffer.concat([ANSWER.subarray(0, -1), hex("00")]), hex("")],
  ["an answer of another length", frame(answerPdu(1, readPdu(1, 4))), hex("")],
  ["another unit's answer", frame(answerPdu(2, READ), 2), hex("")],
];
for (const [name, before, after] of streams) {
  test(`modbus-serial finds the awaited answer: ${name}`, () => {
    const expected = [
      ...(before.length > 0 ? [["junk", before.toString("hex")]] : []),
      ["frame", ANSWER.toString("hex")],
      ...(after.length > 0 ? [["junk", after.toString("hex")]] : []),
    ];
    const all = Buffer.concat([before, ANSWER, after]);
    assert.deepEqual(cuts(frame(READ), all), expected);
    assert.deepEqual(cuts(frame(READ), ...[...all].map((byte) => Buffer.of(byte))), expected);
  });
}

test("modbus-serial gives the answer at its last byte, whatever begins before it", () => {
  const framing = modbusSerialFraming.answers(frame(READ));
  framing.push(hex("01 03 06 01"));
  const frames = framing.push(ANSWER).filter(({ kind }) => kind === "frame");
  assert.deepEqual(
    frames.map(({ bytes }) => bytes),
    [ANSWER],
  );
});

const others: [request: Buffer, answer: Buffer][] = [
  [writePdu(7, 9), writePdu(7, 9)],
  [writeManyPdu(7, 1, 2), writeManyPdu(7, 1, 2).subarray(0, 5)],
  [hex("01 0000 000a"), hex("01 02 ff03")],
  [hex("16 0004 00f2 0025"), hex("16 0004 00f2 0025")],
  [hex("17 0003 0001 000e 0001 02 00ff"), hex("17 02 00fe")],
  [hex("11"), hex("11 03 01 ff 00")],
  [hex("41 0102"), hex("41 0304 0506")],
  [hex("41 0102"), hex("c1 01")],
  [hex("90 0102"), hex("90 03")],
  [READ, hex("83 02")],
];
for (const [request, answer] of others) {
  test(`modbus-serial: ${answer.toString("hex")} answers ${request.toString("hex")}, behind noise`, () => {
    const [noise, found] = [hex("01 41 90 ff"), frame(answer)];
    const expected = [
      ["junk", noise.toString("hex")],
      ["frame", found.toString("hex")],
    ];
    assert.deepEqual(cuts(frame(request), noise, found), expected);
  });
}

test("modbus-serial: an echo of the request is a frame, and so is the answer behind it", () => {
  const request = frame(READ);
  const kinds = cuts(request, Buffer.concat([request, ANSWER]));
  assert.deepEqual(kinds, [
    ["frame", request.toString("hex")],
    ["frame", ANSWER.toString("hex")],
  ]);
});

test("modbus-serial, answers to a request: whatever comes in whatever chunks, the cuts are the input, and the same ones", () => {
  const request = fc.constantFrom(READ, writePdu(1, 2), hex("41 01"), hex("11"), hex("90 01"));
  const piece = fc.oneof(
    fc.constantFrom(ANSWER, VENDOR, hex("01"), hex("01 03"), hex("01 03 06"), hex("01 83"), frame(hex("83 02"))),
    fc.constantFrom(frame(READ), frame(hex("41 02 03")), frame(writePdu(1, 2)), hex("01 11 04 01"), hex("00")),
    fc.uint8Array({ maxLength: 12 }).map((list) => Buffer.from(list)),
    fc.constant(Buffer.alloc(200, 1)),
  );
  const stream = fc.array(piece, { maxLength: 8 }).map((list) => Buffer.concat(list));
  fc.assert(
    fc.property(request, stream, fc.array(fc.nat(), { maxLength: 20 }), (pdu, input, at) => {
      const whole = cuts(frame(pdu), input);
      assert.equal(whole.map(([, bytes]) => bytes).join(""), input.toString("hex"));
      assert.deepEqual(cuts(frame(pdu), ...cutApartFromZeros(input, at)), whole);
      assert.deepEqual(cuts(frame(pdu), ...cutApartFromZeros(input, [...input.keys()])), whole);
    }),
    { numRuns: 300 },
  );
});
