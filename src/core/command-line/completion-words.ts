import type { CommandRow } from "./command-row.js";
import { flagText } from "./command-row.js";

/** All options of a command as people write them. */
export function flagsOf({ options }: CommandRow): string[] {
  return options.flatMap(({ names }) => names.map(flagText));
}

/** A text between single quotes of a POSIX shell. */
export function inQuotes(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
