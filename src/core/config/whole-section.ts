import { didYouMean } from "../parse/near-miss.js";
import type { Entry } from "./ini-line.js";
import type { SectionReader } from "./port-sections.js";

/** A section whose entries make one thing, such as `[tls NAME]`. */
export interface WholeSection {
  readonly keys: readonly string[];
  /** The key that may stand several times; left out: none may. */
  readonly repeated?: string;
  /** Takes the value of one of its keys; returns what is wrong with it, or undefined. */
  take(key: string, value: string): string | undefined;
  /** All entries are taken: makes the thing; returns what is wrong with it, or undefined. */
  finish(): string | undefined;
}

/** Reads such a section. A key stands once, and where an entry is wrong nothing is made. */
export function wholeSection({ keys, repeated, take, finish }: WholeSection): SectionReader {
  const givenAt = new Map<string, number>();
  let isWrong = false;
  const problemOf = ({ key, value }: Entry, at: number): string | undefined => {
    if (!keys.includes(key)) return unknownKey(key, keys);
    const before = key === repeated ? undefined : givenAt.get(key);
    if (before !== undefined) return `given twice, first in line ${before}`;
    givenAt.set(key, at);
    return take(key, value);
  };
  return {
    read: (entry, at) => {
      const problem = problemOf(entry, at);
      isWrong ||= problem !== undefined;
      return problem;
    },
    end: () => (isWrong ? undefined : finish()),
  };
}

/** The problem of a key that the section does not have. */
export function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key; known are ${known.join(", ")}${didYouMean(key, known)}`;
}
