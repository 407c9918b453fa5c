import { type CommandRow, type FlagRow, fullHelp, PROGRAM, takesFiles } from "./command-row.js";

/** A text between single quotes of fish, which knows two escapes there. */
function inQuotes(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function line(condition: string, words: string): string {
  return `complete -c ${PROGRAM} -n ${inQuotes(condition)} ${words}`;
}

function names({ names: all }: FlagRow): string {
  return all.map((name) => (name.length === 1 ? `-s ${name}` : `-l ${name}`)).join(" ");
}

/** What follows an option: a file, one of some words, anything, or nothing. */
function value({ value: wanted, offers }: FlagRow): string {
  if (wanted === undefined) return "";
  if (offers === "files") return " -r -F";
  return offers === undefined ? " -x" : ` -x -a ${inQuotes(offers.join(" "))}`;
}

function commandLines(row: CommandRow, all: readonly string[]): string[] {
  const condition =
    row.name === "" ? `not __fish_seen_subcommand_from ${all.join(" ")}` : `__fish_seen_subcommand_from ${row.name}`;
  const words = (row.words ?? []).join(" ");
  const first =
    words === "" ? [] : [line(`${condition}; and not __fish_seen_subcommand_from ${words}`, `-a ${inQuotes(words)}`)];
  return [
    ...first,
    ...(takesFiles(row) ? [line(condition, "-F")] : []),
    ...row.options.map((option) =>
      line(condition, `${names(option)}${value(option)} -d ${inQuotes(fullHelp(option))}`),
    ),
  ];
}

/**
 * The completion for fish.
 *
 * @param rows all commands; the daemon itself first
 */
export function fishCompletion(rows: readonly CommandRow[]): string {
  const commands = rows.filter(({ name }) => name !== "");
  const all = commands.map(({ name }) => name);
  return `${[
    `# fish completion of ${PROGRAM}, generated from its tables of commands`,
    `complete -c ${PROGRAM} -f`,
    ...commands.map(({ name, summary }) =>
      line("test (count (commandline -opc)) -eq 1", `-a ${inQuotes(name)} -d ${inQuotes(summary)}`),
    ),
    ...rows.flatMap((row) => commandLines(row, all)),
  ].join("\n")}\n`;
}
