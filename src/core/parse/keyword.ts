import { fail, ok, type Result } from "./result.js";

/** Reads one of a few words (in lower case), in any case. */
export function parseKeyword<const W extends string>(text: string, words: readonly W[]): Result<W> {
  const found = words.find((word) => word === text.toLowerCase());
  return found === undefined ? fail(`${words.join(" or ")} is wanted`) : ok(found);
}
