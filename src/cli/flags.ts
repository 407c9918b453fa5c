import minimist from "minimist";
import { type FlagRow, flagText, HELP_FLAG } from "../core/command-line/command-row.js";
import { didYouMean } from "../core/parse/near-miss.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { lineProblem } from "../core/parse/text.js";

/** What commands that run a daemon of their own have besides. */
export const DAEMON_FLAGS: readonly FlagRow[] = [
  { names: ["v", "verbose", "d", "debug"], help: "Log every read and write" },
  HELP_FLAG,
];

/** When commands that run a daemon of their own exit with which status. */
export const DAEMON_EXITS = [
  [0, "after a clean end"],
  [1, "when something fails at run time (a port in use)"],
  [2, "when options are wrong"],
] as const;

/** Whether the command line asks for a log of every read and write. */
export function wantsDebug(parsed: minimist.ParsedArgs): boolean {
  return parsed["debug"] === true;
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

/** The rows of a command's options as minimist wants them. Words are texts, even those that look like numbers. */
export function minimistOptions(rows: readonly FlagRow[]): minimist.Opts & { readonly string: string[] } {
  const valued = rows.filter(({ value }) => value !== undefined);
  return {
    string: ["_", ...valued.flatMap(({ names }) => names)],
    boolean: rows.filter(({ value }) => value === undefined).flatMap(({ names }) => [...names]),
    alias: Object.fromEntries(rows.map(({ names: [first, ...others] }) => [first, others])),
  };
}

/** Reads the flags of a command. Words that are no flags stay in `_`, in their order. An unknown flag is an error. */
export function parseFlags(argv: readonly string[], rows: readonly FlagRow[]): Result<minimist.ParsedArgs> {
  const problem = wordsProblem(argv);
  if (problem !== undefined) return fail(problem);
  const unknown: string[] = [];
  const parsed = minimist([...argv], {
    ...minimistOptions(rows),
    unknown: (word) => {
      if (word.startsWith("-") && word !== "-") unknown.push(word);
      return true;
    },
  });
  const [culprit] = unknown;
  return culprit === undefined ? ok(parsed) : fail(unknownFlag(culprit, rows));
}

/** The message for an unknown flag. Flags of one letter are all alike, so the message suggests long ones only. */
export function unknownFlag(flag: string, rows: readonly FlagRow[]): string {
  const [name = ""] = flag.split("=", 1);
  const long = rows.flatMap(({ names }) => names.filter((other) => other.length > 1));
  return `unknown option ${flag}${didYouMean(name, long.map(flagText))}`;
}

/** The message for an unknown command, or for another word that has to be one of a few. */
export function unknownCommand(command: string, known: readonly string[], what = "command"): string {
  return `unknown ${what} "${command}": ${known.slice(0, -1).join(", ")} or ${known.at(-1)} is wanted${didYouMean(command, known)}`;
}
