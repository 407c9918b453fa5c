import { fail, ok, type Result } from "../parse/result.js";

/** Additions to the lines of a monitor, beside time, direction and message: the values of MONF. */
export type FormatWord = (typeof WORDS)[number];

/** Also of a line in an audit file (MONL): with date, connection and client, because lines of many days and ports are read together. */
export type LineWord = FormatWord | "audit";

const WORDS = ["id", "client", "decode", "json"] as const;

/** Reads the value of MONF: words in any case, separated by commas. */
export function parseFormat(text: string): Result<readonly FormatWord[]> {
  const words: FormatWord[] = [];
  for (const part of text.toLowerCase().split(",")) {
    const word = WORDS.find((candidate) => candidate === part);
    if (word === undefined) return fail(`${WORDS.join(", ")} are known, separated by commas`);
    words.push(word);
  }
  return ok(words);
}
