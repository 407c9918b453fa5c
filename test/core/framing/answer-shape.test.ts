import assert from "node:assert/strict";
import { test } from "node:test";
import { answerLength, fitsRequest, sameFunction } from "#src/core/framing/answer-shape.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Requests with the answer that fits, and answers that do not. */
const SHAPES: readonly (readonly [request: string, right: string, ...wrong: string[]])[] = [
  ["01 0000 000a", "01 02 ffff", "01 01 ff", "01 02 ff", "01 03 ffffff", "01 02 ffff00", "01"],
  ["02 0000 0008", "02 01 ff", "02 02 ffff", "02 00"],
  ["03 006b 0003", "03 06 022b00000064", "03 04 022b0000", "03 06 022b0000", "03 04 022b00000064", "03"],
  ["04 0000 0001", "04 02 0001", "04 02 00", "04 00", "03 02 0001"],
  ["05 0001 ff00", "05 0001 ff00", "05 0001 0000", "05 0002 ff00", "05 0001", "05 0001 ff00 00"],
  ["06 0001 0003", "06 0001 0003", "06 0001 0004", "06 0002 0003", "06"],
  ["0f 0013 000a 02 cd01", "0f 0013 000a", "0f 0013 000a 02 cd01", "0f 0014 000a", "0f 0013 0009"],
  ["10 0001 0002 04 000a0102", "10 0001 0002", "10 0001 0002 04 000a0102", "10 0001 0001", "10 0002 0002"],
  ["16 0004 00f2 0025", "16 0004 00f2 0025", "16 0004 00f2 0026", "16 0004 00f2"],
  ["17 0003 0002 000e 0001 02 00ff", "17 04 00fe0acd", "17 02 00fe", "17 04 00fe"],
  ["41 01", "41", "42 01"],
  ["90 01 02", "90", "91"],
];
for (const [request, right, ...wrong] of SHAPES) {
  test(`what answers ${request}`, () => {
    const asked = hex(request);
    assert.ok(fitsRequest(hex(right), asked), right);
    assert.ok([undefined, hex(right).length].includes(answerLength(asked)));
    for (const answer of wrong) assert.ok(!fitsRequest(hex(answer), asked), answer);
    assert.ok(!fitsRequest(Buffer.alloc(0), asked));
  });
}

test("an exception is the function code and one byte, whatever was asked", () => {
  for (const [request] of SHAPES) {
    const code = hex(request)[0] ?? 0;
    const isPossible = code < 0x80;
    assert.equal(fitsRequest(Buffer.of(code | 0x80, 2), hex(request)), true, request);
    assert.equal(fitsRequest(Buffer.of(code | 0x80), hex(request)), !isPossible, request);
    assert.equal(fitsRequest(Buffer.of(code | 0x80, 2, 0), hex(request)), !isPossible, request);
    if (isPossible) assert.ok(!fitsRequest(Buffer.of((code + 1) | 0x80, 2), hex(request)), request);
  }
});

test("an answer is of its request's function, an exception too", () => {
  const request = hex("0300000001");
  assert.ok(sameFunction(hex("03020001"), request));
  assert.ok(sameFunction(hex("8302"), request));
  assert.ok(!sameFunction(hex("04020001"), request));
  assert.ok(!sameFunction(hex("8402"), request));
  assert.ok(!sameFunction(Buffer.alloc(0), request));
  assert.ok(sameFunction(hex("9002"), hex("9001")));
  assert.ok(!sameFunction(hex("1002"), hex("9001")));
});
