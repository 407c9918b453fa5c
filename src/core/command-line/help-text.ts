import { type CommandRow, calledAs, exitSentence, type FlagRow, flagText, fullHelp, PROGRAM } from "./command-row.js";

const WIDTH = 80; // characters of the narrowest terminal that people use for this
const USAGE = "Usage: ";
const MAX_LABEL = 24; // a longer label has a line of its own: two thirds of the width stay for the help

/** Cuts a text into lines of so many characters at most, at its blanks. A longer word stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Rows of a label and its help, in two columns. */
function columns(rows: readonly (readonly [label: string, help: string])[]): string[] {
  const labels = rows.map(([label]) => label.length).filter((length) => length <= MAX_LABEL);
  const at = 4 + Math.max(0, ...labels);
  return rows.flatMap(([label, help]) => {
    const lines = wrapped(help, WIDTH - at).map((line) => " ".repeat(at) + line);
    const [first = "", ...more] = lines;
    return label.length <= at - 4 ? [`  ${label}`.padEnd(at) + first.slice(at), ...more] : [`  ${label}`, ...lines];
  });
}

function optionLabel({ names, value }: FlagRow): string {
  const words = names.map(flagText).join(", ");
  return value === undefined ? words : `${words} ${value}`;
}

/** The ways to call a command. */
function usageLines(row: CommandRow): string[] {
  const margin = " ".repeat(USAGE.length);
  const lines = row.usage.flatMap(({ words }) => {
    const [first = "", ...more] = wrapped(`${calledAs(row)} ${words}`.trimEnd(), WIDTH - 2 * margin.length);
    return [margin + first, ...more.map((line) => margin + margin + line)];
  });
  return [USAGE + lines.join("\n").slice(USAGE.length)];
}

function exampleLines({ examples }: CommandRow): string[] {
  return examples.flatMap(({ words, help }) => [`  # ${help}`, `  ${PROGRAM} ${words}`]);
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => ["", ...(text.startsWith(" ") ? text.split("\n") : wrapped(text, WIDTH))]);
}

/** A block of lines with an empty one in front; nothing when there are none. */
function block(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

/**
 * The text of `--help`, in lines of 80 characters at most.
 *
 * @param commands the other commands of the program, for the help of the program itself
 */
export function helpText(row: CommandRow, commands: readonly CommandRow[] = []): string {
  const { name, options, examples } = row;
  const explained = row.usage.filter(({ help }) => help !== undefined);
  const forms = explained.map(({ words, help = "" }) => [words.split(" ", 1)[0] ?? "", help] as const);
  return [
    ...usageLines(row),
    ...paragraphs(row.description),
    ...block(columns(forms)),
    ...(commands.length === 0 ? [] : paragraphs([`Commands; ${PROGRAM} command --help tells more:`])),
    ...block(columns(commands.map((command) => [command.name, command.summary]))),
    ...(name === "" ? ["", "Options:"] : []),
    ...block(columns((row.arguments ?? []).map((argument) => [argument.name, argument.help]))),
    ...block(columns(options.map((option) => [optionLabel(option), fullHelp(option)]))),
    ...paragraphs(row.notes ?? []),
    ...paragraphs(examples.length === 0 ? [] : ["Examples:"]),
    ...block(exampleLines(row)),
    ...paragraphs([`Exit status: ${exitSentence(row)}`]),
  ].join("\n");
}
