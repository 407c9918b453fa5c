/** One option of a command line, a flag or a switch. */
export interface FlagRow {
  /** All its names without dashes, in the order people see them: `p`, `port`. The first one is its key where it is read. */
  readonly names: readonly [string, ...string[]];
  /** The name of its value: `host:port`; undefined for a switch. */
  readonly value?: string;
  /** What it does, without a full stop at the end. */
  readonly help: string;
  /** What holds without it, for people. */
  readonly defaultText?: string;
  /** What the shell offers for the value: file names, or one of these words; nothing when undefined. */
  readonly offers?: "files" | readonly string[];
}

/** A word of a command line that is no option. */
export interface ArgumentRow {
  readonly name: string;
  readonly help: string;
  /** What the shell offers for it. */
  readonly offers?: "files";
}

/** One way to call a command. */
export interface UsageRow {
  /** The words behind the name of the command; empty: none. */
  readonly words: string;
  /** What this one does, where a command does several things. */
  readonly help?: string;
}

export interface ExampleRow {
  /** The words behind `sockproxyd`. */
  readonly words: string;
  readonly help: string;
}

/**
 * One command of the program: all that its `--help`, the man page and the completions of shells say about it. A paragraph that begins with a
 * blank keeps its lines.
 */
export interface CommandRow {
  /** The first word of its command line; empty for the daemon itself. */
  readonly name: string;
  /** What it does, in one short line without a full stop. */
  readonly summary: string;
  readonly usage: readonly [UsageRow, ...UsageRow[]];
  /** Paragraphs in front of the arguments. */
  readonly description: readonly string[];
  readonly arguments?: readonly ArgumentRow[];
  /** Words that the shell offers in place of arguments: `start`, `stop`. */
  readonly words?: readonly string[];
  readonly options: readonly FlagRow[];
  /** Paragraphs behind the options. */
  readonly notes?: readonly string[];
  /** Exit statuses and when they come. */
  readonly exits: readonly (readonly [status: number, when: string])[];
  readonly examples: readonly ExampleRow[];
}

/** The name of the program. */
export const PROGRAM = "sockproxyd";

/** The option that every command but the daemon itself has. */
export const HELP_FLAG: FlagRow = { names: ["h", "help"], help: "Print this" };

/** An option as people write it: `-p`, `--port`. */
export function flagText(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** A command as people call it: `sockproxyd mux`. */
export function calledAs({ name }: Pick<CommandRow, "name">): string {
  return name === "" ? PROGRAM : `${PROGRAM} ${name}`;
}

/** Whether a command has arguments that are files. */
export function takesFiles({ arguments: rows = [] }: CommandRow): boolean {
  return rows.some(({ offers }) => offers === "files");
}

/** The help of an option with its default. */
export function fullHelp({ help, defaultText }: FlagRow): string {
  return defaultText === undefined ? help : `${help} (default: ${defaultText})`;
}

/** The exit statuses of a command in one sentence. */
export function exitSentence({ exits }: CommandRow): string {
  return `${exits.map(([status, when]) => `${status} ${when}`).join(", ")}.`;
}
