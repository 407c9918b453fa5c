import { fail, ok, type Result } from "../parse/result.js";
import { sameWord } from "../parse/text.js";

/** One `KEY=value` option: a row of a table from which the parser and the help are made. `T`: what the table's options set. */
export interface OptionRow<T> {
  readonly key: string;
  readonly usage: string;
  readonly help: readonly string[];
  parse(value: string): Result<Partial<T>>;
}

/** The row called `key`, in any case. */
export function findRow<R extends OptionRow<object>>(rows: readonly R[], key: string): R | undefined {
  return rows.find((row) => sameWord(row.key, key));
}

/**
 * Reads `KEY=value` words by a table. Keys come in any case; of one given twice the last counts.
 *
 * @param defaults what holds where nothing is said
 */
export function parseOptions<T extends object>(
  words: readonly string[],
  rows: readonly OptionRow<T>[],
  defaults: T,
): Result<T> {
  let options = defaults;
  for (const word of words) {
    const [key = "", ...rest] = word.split("=");
    const row = findRow(rows, key);
    if (row === undefined) return fail(`unknown option "${key}"`);
    if (rest.length === 0) return fail(`bad option "${word}": ${row.usage} is wanted`);
    const parsed = row.parse(rest.join("="));
    if (!parsed.ok) return fail(`bad ${row.key} "${rest.join("=")}": ${parsed.message}`);
    options = { ...options, ...parsed.value };
  }
  return ok(options);
}

/** What can stand in a help. */
export type Explained = Pick<OptionRow<object>, "usage" | "help">;

/** The rows of a table as a help shows them. */
export function helpLines(rows: readonly Explained[], indent: number, width: number): string[] {
  return rows.flatMap(({ usage, help }) =>
    help.map((text, index) => `${" ".repeat(indent)}${(index === 0 ? usage : "").padEnd(width)}${text}`),
  );
}
