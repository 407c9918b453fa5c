import assert from "node:assert/strict";
import { test } from "node:test";
import { hexOf } from "#src/core/parse/hex.js";

test("bytes in hexadecimal", () => {
  assert.equal(hexOf(Buffer.of()), "");
  assert.equal(hexOf(Buffer.of(0)), "00");
  assert.equal(hexOf(Buffer.of(1, 0x0a, 0xff)), "01 0a ff");
});
