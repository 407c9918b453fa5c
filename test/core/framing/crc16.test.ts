import assert from "node:assert/strict";
import { test } from "node:test";
import { CRC_LENGTH, crc16, crcFits, lengthByCrc } from "#src/core/framing/crc16.js";

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

test("the length of a message that ends with its CRC, within limits", () => {
  const twice = Buffer.concat([FRAME, FRAME]);
  assert.equal(lengthByCrc(twice, 0, 4, 256), FRAME.length);
  assert.equal(lengthByCrc(twice, FRAME.length, 4, 256), FRAME.length);
  assert.equal(lengthByCrc(twice, 0, 4, FRAME.length - 1), undefined);
  assert.equal(lengthByCrc(FRAME, 0, FRAME.length + 1, 256), undefined);
  assert.equal(lengthByCrc(FRAME.subarray(0, -1), 0, 4, 256), undefined);
});

test("a CRC that ends with a zero: the zero belongs to the frame", () => {
  const frame = Buffer.from("014100566ab27300", "hex");
  assert.equal(crcFits(frame, 0, frame.length) && crcFits(frame, 0, frame.length - 1), true);
  assert.equal(lengthByCrc(frame, 0, 4, 256), frame.length);
  assert.equal(lengthByCrc(Buffer.concat([frame, frame]), 0, 4, 256), frame.length);
  assert.equal(lengthByCrc(frame, 0, 4, frame.length - 1), frame.length - 1);
});

test("zeros behind a CRC that are padding, or the unit 0 of the next frame", () => {
  for (const behind of ["000000", "004101"]) {
    const bytes = Buffer.concat([FRAME, Buffer.from(behind, "hex")]);
    assert.equal(lengthByCrc(bytes, 0, 4, 256), FRAME.length, behind);
  }
});

test("bytes that fit a CRC by chance are no end, where the message ends with the last byte that is there", () => {
  const text = `032b0e0101000001002b46e26991fb5e659fcbaf0b3197b2624b58d3923bbf4b319b80d38ae891af820671a975a465dc86af0c9e90833f`;
  const frame = Buffer.from(text, "hex");
  assert.equal(crcFits(frame, 0, 24), true);
  assert.equal(lengthByCrc(frame, 0, 4, 256), frame.length);
  assert.equal(lengthByCrc(Buffer.concat([FRAME, frame]), FRAME.length, 4, 256), frame.length);
});
