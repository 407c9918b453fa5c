/** Characters that are invisible or drive a terminal: control, format and direction, line separators, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Most printable texts, for a quick test. The arrow and the cross stand in lines of the monitor. */
const ASCII = /^[\x20-\x7e\u2192\u2717]*$/; // → and ✗ by number: a script with characters beyond Latin-1 takes twice the memory
/** JSON with this may hold a text that is not printable: a character beyond ASCII, or an escape other than those of `"` and `\`. */
const SUSPICIOUS_JSON = /[^\x20-\x7e]|\\[^"\\]/;

/**
 * Makes a text from outside fit for one line: each character that is not printable becomes `?`, so that the text cannot pass for another
 * line or drive a terminal. Call it where a text leaves the program.
 */
export function printable(text: string): string {
  return ASCII.test(text) ? text : text.replace(UNPRINTABLE, "?");
}

/** The problem of a value that has to fit into one line: a character that is not {@link printable}. Undefined without one. */
export function lineProblem(text: string): string | undefined {
  const at = text.search(UNPRINTABLE);
  if (at < 0) return undefined;
  const code = text.codePointAt(at)?.toString(16).toUpperCase().padStart(4, "0");
  return `the control character U+${code} cannot be in it`;
}

/** Whether {@link printable} leaves a text as it is. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** A value as JSON. All names and texts in it are made {@link printable}. */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value);
  return SUSPICIOUS_JSON.test(json) ? JSON.stringify(value, printablePart) : json;
}

function printablePart(_name: string, part: unknown): unknown {
  if (typeof part === "string") return printable(part);
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [printable(name), value]));
}

/** A value as JSON that drives no terminal: characters that are not printable are escaped, so that programs get them as they are. */
export function escapedJson(value: object): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (character) => character.split("").map(jsonEscape).join(""));
}

function jsonEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Whether `text` is this word (upper case), in any case. Letters that merely fold to it, as ſ does to S, are other letters. */
export function sameWord(word: string, text: string): boolean {
  return text.length === word.length && /^[\x21-\x7e]*$/.test(text) && text.toUpperCase() === word;
}

/** A fault of the program as one line of the log. */
export function faultText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `fault in the program: ${text.replaceAll(/\n\s*/g, " | ")}`;
}
