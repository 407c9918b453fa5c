import assert from "node:assert/strict";
import { test } from "node:test";
import { secretMatches } from "#src/system/same-secret.js";

test("the secret matches byte for byte, in UTF-8, whatever its length", () => {
  assert.equal(secretMatches(Buffer.from("sesame"), "sesame"), true);
  assert.equal(secretMatches(Buffer.from("Öffne dich"), "Öffne dich"), true);
  assert.equal(secretMatches(Buffer.from("Öffne dich", "latin1"), "Öffne dich"), false);
  const long = "x".repeat(65_535);
  assert.equal(secretMatches(Buffer.from(long), long), true);
  for (const wrong of ["", "sesam", "sesame ", "sesame\0", "Sesame"]) {
    assert.equal(secretMatches(Buffer.from(wrong), "sesame"), false, JSON.stringify(wrong));
  }
});
