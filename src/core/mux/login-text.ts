import { fail, ok, type Result } from "../parse/result.js";

const MAX_BYTES = 1024; // a name, a password and what the device wants around them
const ESCAPE = /\\(?:x([0-9a-f]{2})|([\s\S]?))/gi;
const LETTERS: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", "\\": "\\" };

/**
 * Reads the text that a device gets after each connect: UTF-8, with the escapes `\r`, `\n`, `\t`, `\xHH` (one byte) and `\\`. The message of
 * an error never repeats the text, which may hold a password.
 */
export function parseLogin(text: string): Result<Buffer> {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [all, hex, letter = ""] = match;
    const known = hex === undefined ? LETTERS[letter] : "";
    if (known === undefined) return fail("behind a \\ one of r, n, t, xHH and \\ is wanted");
    parts.push(Buffer.from(text.slice(from, match.index)));
    parts.push(hex === undefined ? Buffer.from(known) : Buffer.from(hex, "hex"));
    from = match.index + all.length;
  }
  const login = Buffer.concat([...parts, Buffer.from(text.slice(from))]);
  if (login.length === 0) return fail("a text is wanted");
  return login.length > MAX_BYTES ? fail(`${MAX_BYTES} bytes at most are wanted`) : ok(login);
}
