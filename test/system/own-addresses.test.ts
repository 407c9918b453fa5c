import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnAddress } from "#src/system/own-addresses.js";

test("addresses of this machine's interfaces are its own, others are not", () => {
  assert.equal(isOwnAddress("127.0.0.1"), true);
  assert.equal(isOwnAddress("192.0.2.1"), false);
});
