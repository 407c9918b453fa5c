import minimist from "minimist";
import { didYouMean } from "../core/parse/near-miss.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { lineProblem } from "../core/parse/text.js";

/** The flags of a command, as minimist wants them. */
export interface Flags {
  /** With a value. */
  readonly string: readonly string[];
  readonly boolean: readonly string[];
  readonly alias?: Readonly<Record<string, string>>;
}

/** The switches of commands that run a daemon of their own: short names and long ones. */
export const SWITCHES = { v: "verbose", d: "debug", h: "help" } as const;

/** Whether every read and write is to be logged. */
export function wantsDebug(parsed: minimist.ParsedArgs): boolean {
  return Boolean(parsed["verbose"]) || Boolean(parsed["debug"]);
}

/** What is wrong with the words of a command line; nothing when each of them fits into one line. */
export function wordsProblem(argv: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    const problem = lineProblem(word);
    if (problem !== undefined) return `${nameOf(word, argv[index - 1])}: ${problem}`;
  }
  return undefined;
}

/** What a word of the command line is called; what it says may be a secret. */
function nameOf(word: string, before = ""): string {
  const [name] = /^(--[\w-]+|-\w|\w+(?==))/.exec(word) ?? /^--?\w[\w-]*$/.exec(before) ?? [];
  return name ?? "an argument";
}

/** Reads the flags of a command; what is no flag is left in `_`, in its order. A flag that is not known is an error. */
export function parseFlags(
  argv: readonly string[],
  { string, boolean, alias = {} }: Flags,
): Result<minimist.ParsedArgs> {
  const problem = wordsProblem(argv);
  if (problem !== undefined) return fail(problem);
  const unknown: string[] = [];
  const parsed = minimist([...argv], {
    string: [...string],
    boolean: [...boolean],
    alias: { ...alias },
    unknown: (word) => {
      if (word.startsWith("-")) unknown.push(word);
      return true;
    },
  });
  const [culprit] = unknown;
  if (culprit === undefined) return ok(parsed);
  return fail(
    unknownFlag(culprit, [...string, ...boolean, ...Object.keys(alias)].filter((name) => name !== "_").map(flagText)),
  );
}

/** A flag as people write it: `-p`, `--port`. */
export function flagText(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** What is said of a flag that is not known. A flag of one letter is like every other one, so it suggests nothing. */
export function unknownFlag(flag: string, known: readonly string[]): string {
  const [name = ""] = flag.split("=", 1);
  return `unknown option ${flag}${didYouMean(
    name,
    known.filter((other) => other.startsWith("--")),
  )}`;
}

/** What is said of a command that is not known, or of another word that has to be one of a few. */
export function unknownCommand(command: string, known: readonly string[], what = "command"): string {
  return `unknown ${what} "${command}": ${known.slice(0, -1).join(", ")} or ${known.at(-1)} is wanted${didYouMean(command, known)}`;
}
