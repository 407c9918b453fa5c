import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeBytes, escapeText, TEXT_MAX } from "#src/core/monitor/escape.js";

const table: [bytes: string, text: string][] = [
  ["", ""],
  ["<S0000000000F01D00FA>", "<S0000000000F01D00FA>"],
  ["+26,0\xa7C \xff", "+26,0§C ÿ"],
  ["a\r\n\tb", "a\\r\\n\\tb"],
  ["\x00\x1b[31m\x7f\x80\x9f\xa0", "\\x00\\x1b[31m\\x7f\\x80\\x9f\xa0"],
  ["soft\xadhyphen", "soft\\xadhyphen"],
  ["C:\\new", "C:\\\\new"],
  ["x".repeat(TEXT_MAX), "x".repeat(TEXT_MAX)],
  ["x".repeat(TEXT_MAX + 1), `${"x".repeat(TEXT_MAX)}… (2049 bytes)`],
  ["\\".repeat(5000), `${"\\".repeat(TEXT_MAX)}… (5000 bytes)`],
  [`x${"\\".repeat(5000)}`, `x${"\\".repeat(TEXT_MAX - 2)}… (5001 bytes)`],
  ["\0".repeat(513), `${"\\x00".repeat(512)}… (513 bytes)`],
  [`abc${"\0".repeat(513)}`, `abc${"\\x00".repeat(511)}… (516 bytes)`],
];
for (const [bytes, text] of table) {
  test(`${JSON.stringify(bytes.slice(0, 30))} of ${bytes.length} bytes`, () => {
    assert.equal(escapeBytes(Buffer.from(bytes, "latin1")), text);
    assert.equal(escapeText(bytes, bytes.length), text);
  });
}

/** What a reader makes of a text. */
function unescaped(text: string): string {
  const meant: Record<string, string> = { r: "\r", n: "\n", t: "\t", "\\": "\\" };
  return text.replaceAll(/\\(?:x(..)|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (meant[letter] ?? assert.fail(letter)) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

test("the bytes can be told from the text; of a longer one, those before the cut", () => {
  const inputs = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ minLength: 1900, maxLength: 2200, max: 0x60 }),
  );
  fc.assert(
    fc.property(inputs, (list) => {
      const latin1 = Buffer.from(list).toString("latin1");
      const [beginning = "", rest] = escapeBytes(Buffer.from(list)).split("… (");
      assert.ok(beginning.length <= TEXT_MAX);
      if (rest === undefined) return assert.equal(unescaped(beginning), latin1);
      assert.equal(rest, `${list.length} bytes)`);
      assert.ok(beginning.length > TEXT_MAX - 4 && latin1.startsWith(unescaped(beginning)));
    }),
  );
});
