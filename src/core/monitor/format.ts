import { fail, ok, type Result } from "../parse/result.js";

/** What the lines of a monitor may have besides time, direction and message: see MONF. */
export type FormatWord = (typeof WORDS)[number];

const WORDS = ["id", "decode", "json"] as const;

/** Reads such words, separated by commas, in any case. */
export function parseFormat(text: string): Result<readonly FormatWord[]> {
  const words: FormatWord[] = [];
  for (const part of text.toLowerCase().split(",")) {
    const word = WORDS.find((candidate) => candidate === part);
    if (word === undefined) return fail(`${WORDS.join(", ")} are known, separated by commas`);
    words.push(word);
  }
  return ok(words);
}
