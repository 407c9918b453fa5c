import type { CommandRow, FlagRow } from "./command-row.js";
import { flagText } from "./command-row.js";

/** All options of a command as people write them. */
export function flagsOf({ options }: CommandRow): string[] {
  return options.flatMap(({ names }) => names.map(flagText));
}

/** The options with a value that the shell can offer something for. */
export function offering(row: CommandRow): (FlagRow & { readonly offers: "files" | readonly string[] })[] {
  return row.options.flatMap((option) => (option.offers === undefined ? [] : [{ ...option, offers: option.offers }]));
}

/** A text between single quotes of a POSIX shell. */
export function inQuotes(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
