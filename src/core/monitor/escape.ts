/** Longest text, in characters. A text that is cut says how many bytes it had. */
export const TEXT_MAX = 2048;

/** Control characters, invisible characters (in Latin-1 the soft hyphen), and the backslash. */
const ESCAPED = /[\p{Cc}\p{Cf}\\]/gu;
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;
const SHORT: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" };

/**
 * Bytes as one line of printable characters: Latin-1, control characters as `\r`, `\n`, `\t` and `\x1b`, a backslash as `\\`,
 * so that no two texts look the same. A text of more than {@link TEXT_MAX} characters is cut: `… (5120 bytes)`.
 */
export function escapeBytes(bytes: Buffer): string {
  return escapeText(bytes.toString("latin1", 0, TEXT_MAX + 1), bytes.length);
}

/**
 * Escapes a text in which each character is a byte, like {@link escapeBytes}.
 *
 * @param byteCount bytes of the whole, which `text` may be the beginning of
 */
export function escapeText(text: string, byteCount: number): string {
  if (text.length <= TEXT_MAX && PLAIN.test(text)) return text;
  const escaped = text.slice(0, TEXT_MAX + 1).replaceAll(ESCAPED, escapeOf);
  return escaped.length <= TEXT_MAX ? escaped : `${cutBetween(escaped)}… (${byteCount} bytes)`;
}

function escapeOf(character: string): string {
  return SHORT[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** The part of an escaped text that fits, without half an escape at its end. */
function cutBetween(escaped: string): string {
  const fitting = escaped.slice(0, TEXT_MAX);
  return /^(?:[^\\]|\\[rnt\\]|\\x..)*/.exec(fitting)?.[0] ?? "";
}
