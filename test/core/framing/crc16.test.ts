import assert from "node:assert/strict";
import { test } from "node:test";
import { CRC_LENGTH, crc16, crcFits, shortestWithCrc } from "#src/core/framing/crc16.js";

/** Read holding register 0 of unit 1, with its CRC. */
const FRAME = Buffer.from("010300000001840a", "hex");

test("the CRC of the check string 123456789 is 0x4B37", () => {
  assert.equal(crc16(Buffer.from("123456789")), 0x4b37);
});

test("the CRC of a part of a buffer", () => {
  assert.equal(crc16(Buffer.from("xx123456789yy"), 2, 11), 0x4b37);
});

test("a frame carries its CRC with the low byte first", () => {
  assert.equal(FRAME.readUInt16LE(FRAME.length - CRC_LENGTH), crc16(FRAME.subarray(0, -CRC_LENGTH)));
  const padded = Buffer.concat([Buffer.from("x"), FRAME, Buffer.from("y")]);
  assert.equal(crcFits(padded, 1, 1 + FRAME.length), true);
  assert.equal(crcFits(padded, 0, 1 + FRAME.length), false);
  padded[5] = 0xff;
  assert.equal(crcFits(padded, 1, 1 + FRAME.length), false);
});

test("the shortest length that ends with a CRC, within its limits", () => {
  const twice = Buffer.concat([FRAME, FRAME]);
  assert.equal(shortestWithCrc(twice, 0, 4, 256), FRAME.length);
  assert.equal(shortestWithCrc(twice, FRAME.length, 4, 256), FRAME.length);
  assert.equal(shortestWithCrc(twice, 0, 4, FRAME.length - 1), undefined);
  assert.equal(shortestWithCrc(FRAME, 0, FRAME.length + 1, 256), undefined);
  assert.equal(shortestWithCrc(FRAME.subarray(0, -1), 0, 4, 256), undefined);
});

test("a CRC that ends with a zero: the zero belongs to the frame", () => {
  const frame = Buffer.from("014100566ab27300", "hex");
  assert.equal(crcFits(frame, 0, frame.length) && crcFits(frame, 0, frame.length - 1), true);
  assert.equal(shortestWithCrc(frame, 0, 4, 256), frame.length);
  assert.equal(shortestWithCrc(Buffer.concat([frame, frame]), 0, 4, 256), frame.length);
  assert.equal(shortestWithCrc(frame, 0, 4, frame.length - 1), frame.length - 1);
});

test("zeros behind a CRC that are padding, or the unit 0 of the next frame", () => {
  for (const behind of ["000000", "004101"]) {
    const bytes = Buffer.concat([FRAME, Buffer.from(behind, "hex")]);
    assert.equal(shortestWithCrc(bytes, 0, 4, 256), FRAME.length, behind);
  }
});
