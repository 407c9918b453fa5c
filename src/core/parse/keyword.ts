import { fail, ok, type Result } from "./result.js";

/** Reads one of a few words (in lower case), in any case. */
export function parseKeyword<const W extends string>(text: string, words: readonly W[]): Result<W> {
  const found = words.find((word) => word === text.toLowerCase());
  return found === undefined ? fail(`${words.join(" or ")} is wanted`) : ok(found);
}

/** The yes (true) or no that a word of the configuration means, in any case; undefined for any other word. */
export function findYesOrNo(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  return ["0", "false", "no", "off"].includes(word) ? false : undefined;
}
