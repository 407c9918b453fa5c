import { type CommandRow, calledAs, exitSentence, flagText, fullHelp, PROGRAM } from "./command-row.js";

/** A title and what it stands for: a file, a signal, a variable. */
export type Fact = readonly [title: string, meaning: string];

/** What the man page says beside the commands. */
export interface ManualFacts {
  /** The date in its last line, as mdoc has it: `March 2, 2026`. */
  readonly date: string;
  readonly version: string;
  readonly signals: readonly Fact[];
  readonly files: readonly Fact[];
  readonly environment: readonly Fact[];
  /** Paragraphs on where to read more. */
  readonly seeAlso: readonly string[];
}

/** A text as roff reads it: no escapes, no requests, no macros. */
function plain(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^[.']/, "\\&$&")
    .replaceAll("…", "...")
    .replaceAll("→", "\\(->");
}

/** Words for an argument of a macro: one that is a macro's name or a delimiter would be taken for that. */
function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', "\\(dq")}"`;
}

/** A sentence in lines of at most 80 bytes, where its words let it: `mandoc -Tlint` wants that. */
function filled(text: string): string {
  const [first = "", ...words] = text.split(" ").map(plain);
  let length = first.length;
  return words.reduce((lines, word) => {
    const fits = length + 1 + word.length <= 80;
    length = word.length + (fits ? length + 1 : 0);
    return `${lines}${fits ? " " : "\n"}${word}`;
  }, first);
}

/** A paragraph, a sentence begins a line as mdoc wants it. */
function prose(text: string): string {
  if (text.startsWith(" ")) return [".Bd -literal", ...text.split("\n").map(plain), ".Ed"].join("\n");
  return text
    .split(/(?<=[.:]) (?=[A-Z])/)
    .map(filled)
    .join("\n");
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [...(text.startsWith(" ") ? [] : [".Pp"]), prose(text)]);
}

function list(items: readonly (readonly [head: string, text: string])[]): string[] {
  if (items.length === 0) return [];
  return [".Bl -tag -width Ds", ...items.flatMap(([head, text]) => [`.It ${head}`, prose(text)]), ".El"];
}

function facts(items: readonly Fact[]): string[] {
  return list(items.map(([title, meaning]) => [`Sy ${quoted(title)}`, sentence(meaning)]));
}

/** A help as a sentence. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The ways to call a command, where the macro for its name is `.Nm`. */
function synopsis({ name, usage }: CommandRow): string[] {
  return usage.flatMap(({ words }) => [
    ".Nm",
    ...(name === "" ? [] : [`.Cm ${quoted(name)}`]),
    ...(words === "" ? [] : [`.Li ${quoted(words)}`]),
  ]);
}

function options(row: CommandRow): string[] {
  return list(
    row.options.map((option) => {
      const names = option.names.map((name) => `Fl ${quoted(flagText(name).slice(1))}`).join(" , ");
      return [option.value === undefined ? names : `${names} Ar ${quoted(option.value)}`, sentence(fullHelp(option))];
    }),
  );
}

function command(row: CommandRow): string[] {
  const forms = row.usage.flatMap(({ words, help }) => (help === undefined ? [] : [[words, help] as const]));
  const [first = sentence(row.summary), ...more] = row.description;
  return [
    `.Ss ${quoted(row.name === "" ? "The daemon" : calledAs(row))}`,
    prose(first),
    ...paragraphs(more),
    ...list(forms.map(([words, help]) => [`Li ${quoted(words)}`, sentence(help)])),
    ...list((row.arguments ?? []).map(({ name, help }) => [`Ar ${quoted(name)}`, sentence(help)])),
    ...options(row),
    ...paragraphs(row.notes ?? []),
  ];
}

function exits(rows: readonly CommandRow[]): string[] {
  return list(rows.map((row) => [`Li ${quoted(calledAs(row))}`, exitSentence(row)]));
}

function examples(rows: readonly CommandRow[]): string[] {
  return rows
    .flatMap((row) => row.examples)
    .flatMap(({ words, help }, index) => [
      ...(index === 0 ? [] : [".Pp"]),
      filled(`${help}:`),
      `.Dl ${plain(`${PROGRAM} ${words}`)}`,
    ]);
}

/**
 * The man page of the program, in mdoc(7).
 *
 * @param rows all commands; the daemon itself first
 */
export function manPage(rows: readonly CommandRow[], about: ManualFacts): string {
  const [program] = rows;
  return `${[
    `.\\" ${PROGRAM} ${about.version}, generated from the tables of commands: npm run build`,
    `.Dd ${about.date}`,
    `.Dt ${PROGRAM.toUpperCase()} 8`,
    ".Os", // a name here would be against mandoc's style
    ".Sh NAME",
    `.Nm ${PROGRAM}`,
    `.Nd ${plain(program?.summary ?? "")}`,
    ".Sh SYNOPSIS",
    ...rows.flatMap(synopsis),
    ".Sh DESCRIPTION",
    ...rows.flatMap(command),
    ".Sh SIGNALS",
    ...facts(about.signals),
    ".Sh ENVIRONMENT",
    ...facts(about.environment),
    ".Sh FILES",
    ...facts(about.files),
    ".Sh EXIT STATUS",
    ...exits(rows),
    ".Sh EXAMPLES",
    ...examples(rows),
    ".Sh SEE ALSO",
    ...about.seeAlso.map(prose),
    ".Pp",
    `This page belongs to version ${about.version}.`,
  ].join("\n")}\n`;
}
