import minimist from "minimist";
import { didYouMean } from "../core/parse/near-miss.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { lineProblem } from "../core/parse/text.js";

/** The flags of a command, in the form of minimist. */
export interface Flags {
  /** Flags with a value. */
  readonly string: readonly string[];
  readonly boolean: readonly string[];
  readonly alias?: Readonly<Record<string, string>>;
}

/** The switches of commands that run a daemon of their own: short names and long ones. */
export const SWITCHES = { v: "verbose", d: "debug", h: "help" } as const;

/** Whether the command line asks for a log of every read and write. */
export function wantsDebug(parsed: minimist.ParsedArgs): boolean {
  return Boolean(parsed["verbose"]) || Boolean(parsed["debug"]);
}

/** The first word of a command line that does not fit into one line, and why; undefined without one. */
export function wordsProblem(argv: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    const problem = lineProblem(word);
    if (problem !== undefined) return `${nameOf(word, argv[index - 1])}: ${problem}`;
  }
  return undefined;
}

/** The flag that a word belongs to. Messages name the flag, because the value may be a secret. */
function nameOf(word: string, before = ""): string {
  const [name] = /^(--[\w-]+|-\w|\w+(?==))/.exec(word) ?? /^--?\w[\w-]*$/.exec(before) ?? [];
  return name ?? "an argument";
}

/** Reads the flags of a command. Words that are no flags stay in `_`, in their order. An unknown flag is an error. */
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

/** The message for an unknown flag. Flags of one letter are all alike, so the message suggests long ones only. */
export function unknownFlag(flag: string, known: readonly string[]): string {
  const [name = ""] = flag.split("=", 1);
  return `unknown option ${flag}${didYouMean(
    name,
    known.filter((other) => other.startsWith("--")),
  )}`;
}

/** The message for an unknown command, or for another word that has to be one of a few. */
export function unknownCommand(command: string, known: readonly string[], what = "command"): string {
  return `unknown ${what} "${command}": ${known.slice(0, -1).join(", ")} or ${known.at(-1)} is wanted${didYouMean(command, known)}`;
}
