import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLogin } from "#src/core/mux/login-text.js";

const ESCAPE = "behind a \\ one of r, n, t, xHH and \\ is wanted";

for (const [text, expected] of [
  ["user\\r\\n", "user\r\n"],
  ["a\\tb\\\\c", "a\tb\\c"],
  ["\\x02\\xFFé\\x03", Buffer.from("02ffc3a903", "hex").toString("latin1")],
  ["\\R\\N", undefined],
  ["secret\\", undefined],
  ["secret\\x0", undefined],
  ["secret\\q", undefined],
] as const) {
  test(`login ${text}: ${expected === undefined ? "an error" : JSON.stringify(expected)}`, () => {
    const parsed = parseLogin(text);
    if (expected === undefined) assert.deepEqual(parsed, { ok: false, message: ESCAPE });
    else assert.equal(parsed.ok && parsed.value.toString("latin1"), expected);
  });
}

test("a login has one byte at least and 1024 at most; an error never repeats it", () => {
  assert.deepEqual(parseLogin(""), { ok: false, message: "a text is wanted" });
  assert.equal(parseLogin("x".repeat(1024)).ok, true);
  assert.deepEqual(parseLogin("x".repeat(1025)), { ok: false, message: "1024 bytes at most are wanted" });
});

test("every text of bytes can be written", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 256 }), (bytes) => {
      const text = [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
      const parsed = parseLogin(text);
      return parsed.ok && parsed.value.equals(bytes);
    }),
  );
});
