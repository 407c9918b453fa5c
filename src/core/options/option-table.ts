import { didYouMean } from "../parse/near-miss.js";
import { fail, map, ok, type Result } from "../parse/result.js";
import { maskSecret } from "../parse/secret.js";
import { sameWord } from "../parse/text.js";
import type { Form, ValueKind } from "./value-kinds.js";

/** The texts of an option. */
export interface OptionText {
  /** Four letters: on the wire, and wherever a long name is taken. */
  readonly key: string;
  /** The long name, for the configuration. */
  readonly name: string;
  /** An earlier long name: configurations that have it stay valid. */
  readonly formerName?: string;
  /** The unit of a bare number, or what the value is. */
  readonly unit: string;
  /** The values that are taken, in words; may be empty. */
  readonly range: string;
  /** The default as the configuration would have it; empty: none. */
  readonly defaultText: string;
  /** `KEY=value`, as HELP shows it. */
  readonly usage: string;
  /** Lines that fit beside {@link usage}. Those of CONN are what HELP prints on the wire (docs/protocol.md). */
  readonly help: readonly string[];
  /** The same for readers of the configuration, where HELP speaks of bare numbers. */
  readonly description?: string;
}

/**
 * One option: a row of the table behind the parsers, the printer, HELP and docs/configuration.md. `T`: the type of the options that the table
 * sets.
 */
export interface OptionRow<T> extends OptionText {
  /** The member of the options that the row sets. */
  readonly sets: keyof T & string;
  /** The value may be a password: no message repeats it. */
  readonly isSecret: boolean;
  parse(value: string, form: Form): Result<Partial<T>>;
  /** Whether the option may be given several times: each adds to what was given before. */
  readonly repeats?: true;
  /** The values as the configuration would have them, each for an option of its own; none when they are the default. */
  print(options: T): string[];
  /** What stands for a blank in a value, where options stand in one line with blanks between; absent: values have no blanks. */
  readonly blank?: string;
}

/** The parts of a row. */
interface RowText<T, N extends keyof T & string> {
  readonly key: string;
  readonly name: string;
  readonly formerName?: string;
  readonly usage: string;
  readonly help: readonly string[];
  readonly description?: string;
  /** The member of the options that it sets. */
  readonly sets: N;
  readonly kind: ValueKind<NonNullable<T[N]>>;
}

/** A maker of rows for a table of options that have these defaults. */
export function rowsOf<T extends object>(
  defaults: T,
): <N extends keyof T & string>(row: RowText<T, N>) => OptionRow<T> {
  return ({ sets, kind, ...text }) => {
    const print = (options: T): string => {
      const value = options[sets];
      return value === undefined || value === null ? "" : kind.print(value);
    };
    const defaultText = print(defaults);
    return {
      ...text,
      sets,
      unit: kind.unit,
      range: kind.range,
      isSecret: kind.isSecret === true,
      defaultText,
      parse: (text, form) => {
        const isDefault = form === "wire" && text === "" && kind.isNumber === true;
        const parsed = isDefault ? ok(defaults[sets]) : kind.parse(text, form);
        return map(parsed, (value) => ({ [sets]: value }) as unknown as Partial<T>);
      },
      print: (options) => {
        const text = print(options);
        return text === defaultText ? [] : [text];
      },
    };
  };
}

/** What stands for a blank of a value in a line of several options. */
const BLANK = "+";

/** A maker of rows for options that may be given several times; the member is the list of all values. Values may have blanks. */
export function listRowsOf<T extends object>(): <N extends keyof T & string>(
  row: Omit<RowText<T, N>, "kind"> & { readonly kind: ValueKind<ItemOf<T[N]>> },
) => OptionRow<T> {
  return ({ sets, kind, ...text }) => ({
    ...text,
    sets,
    unit: kind.unit,
    range: kind.range,
    isSecret: kind.isSecret === true,
    defaultText: "",
    repeats: true,
    blank: BLANK,
    parse: (text, form) =>
      map(kind.parse(text.replaceAll(BLANK, " "), form), (item) => ({ [sets]: [item] }) as unknown as Partial<T>),
    print: (options) => (options[sets] as readonly ItemOf<T[typeof sets]>[]).map((item) => kind.print(item)),
  });
}

type ItemOf<L> = L extends readonly (infer Item)[] ? Item : never;

/** Options with a value that was read by a row: in place of the one before, or behind it. */
export function withValue<T extends object>(options: T, { sets, repeats }: OptionRow<T>, value: Partial<T>): T {
  if (!repeats) return { ...options, ...value };
  return { ...options, [sets]: [...(options[sets] as readonly unknown[]), ...(value[sets] as readonly unknown[])] };
}

/** Takes the options of one table out of all those of a line. Returns the options of the table, and the others. */
export function splitOptions<T extends object, Others extends object>(
  all: T & Others,
  table: readonly OptionRow<T>[],
): [T, Others] {
  const members = new Set<string>(table.map(({ sets }) => sets));
  const part = (isOfTable: boolean): object =>
    Object.fromEntries(Object.entries(all).filter(([member]) => members.has(member) === isOfTable));
  return [part(true) as T, part(false) as Others];
}

/** The row with this four-letter key, in any case. */
export function findRow<R extends Pick<OptionText, "key">>(rows: readonly R[], key: string): R | undefined {
  return rows.find((row) => sameWord(row.key, key));
}

/** The row with this four-letter key or this long name, the present or the former one, in any case. */
export function findNamedRow<R extends OptionText>(rows: readonly R[], word: string): R | undefined {
  const long = word.toLowerCase();
  return findRow(rows, word) ?? rows.find(({ name }) => name === long) ?? rows.find((row) => row.formerName === long);
}

/** All words for the options of a table. Long names come first, because people mean those. */
export function namesOf(rows: readonly OptionText[]): string[] {
  return [...rows.map(({ name }) => name), ...rows.map(({ key }) => key)];
}

/**
 * Reads `KEY=value` words by a table. Keys come in any case; of one given twice the last counts, unless it repeats.
 *
 * @param defaults what holds where nothing is said
 * @param form in a `file` long names and times with units are taken, and messages suggest what was meant
 * @param suggested the rows that messages may suggest
 */
export function parseOptions<T extends object>(
  words: readonly string[],
  rows: readonly OptionRow<T>[],
  defaults: T,
  form: Form,
  suggested: readonly OptionRow<T>[] = rows,
): Result<T> {
  let options = defaults;
  for (const word of words) {
    const [key = "", ...rest] = word.split("=");
    const row = form === "wire" ? findRow(rows, key) : findNamedRow(rows, key);
    if (row === undefined) return fail(unknownOption(key, form === "wire" ? [] : suggested));
    const name = sameWord(row.key, key) && key !== row.name ? row.key : row.name;
    if (rest.length === 0) {
      const wanted = `${name}=${row.usage.slice(row.key.length + 1)}`;
      return fail(`bad option "${word}": ${wanted} is wanted${words.includes("=") ? ", without blanks" : ""}`);
    }
    const value = rest.join("=");
    const parsed = row.parse(value, form);
    if (!parsed.ok) return fail(`bad ${name}${row.isSecret ? "" : ` "${value}"`}: ${parsed.message}`);
    options = withValue(options, row, parsed.value);
  }
  return ok(options);
}

function unknownOption(key: string, rows: readonly OptionText[]): string {
  return `unknown option "${maskSecret(key)}"${didYouMean(key, namesOf(rows))}`;
}

/** A row of a help. */
export type Explained = Pick<OptionText, "usage" | "help">;

/** The rows of a table as a help shows them. */
export function helpLines(rows: readonly Explained[], indent: number, width: number): string[] {
  return rows.flatMap(({ usage, help }) =>
    help.map((text, index) => `${" ".repeat(indent)}${(index === 0 ? usage : "").padEnd(width)}${text}`),
  );
}

/**
 * The options that are not the default: `cache=500ms`.
 *
 * @param printValue makes a value fit to stand alone in a line; left out: fit to stand among others
 */
export function printOptions<T>(
  rows: readonly OptionRow<T>[],
  options: T,
  printValue?: (value: string) => string,
): string[] {
  return rows.flatMap((row) => {
    const among = (value: string): string => (row.blank === undefined ? value : value.replaceAll(" ", row.blank));
    return row.print(options).map((value) => `${row.name}=${(printValue ?? among)(value)}`);
  });
}
