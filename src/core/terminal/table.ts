import { clippedLine, type Line, type Span } from "./screen.js";
import { clipped, padded, textWidth } from "./text-width.js";

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: "right";
  /** The columns of the terminal that it needs at least; left out: it is shown whole. */
  readonly min?: number;
  /** Where there is no room the columns with the highest number go first, 1 last; left out: it stays. */
  readonly spare?: number;
}

export interface Table {
  readonly columns: readonly Column[];
  /** A cell for each column. */
  readonly rows: readonly (readonly Span[])[];
}

const MORE = "…"; // stands for columns
const WORTH_MARKING = 12; // a narrower terminal needs its columns for more
const GAP = 2; // columns of the terminal between two of the table
const MOST = 200; // no value of the status is meant to be longer; a hostile one may be

/** A column with the cells it shows and the width it gets. */
interface Fitted {
  readonly column: Column;
  /** Its place in the rows. */
  readonly index: number;
  width: number;
}

/**
 * A table in lines of so many columns at most: a heading, and a line for each row. Where there is no room, columns that may be narrower
 * become so, and then those go that are spare: `…` at the end of the heading shows that. A column without a value in any row is left out.
 */
export function tableLines({ columns, rows }: Table, width: number): Line[] {
  const { shown: fitted, isPart } = fit(columns, rows, width);
  const heading: Span[] = fitted.map(({ column, width }) => cell({ text: column.title, style: "gray" }, column, width));
  if (isPart) heading.push({ text: MORE, style: "gray" });
  const lines = rows.map((row) =>
    fitted.map(({ column, index, width }) => cell(row[index] ?? { text: "" }, column, width)),
  );
  return [heading, ...lines].map((cells) => clippedLine(cells.flatMap(separated), width));
}

function separated(span: Span, index: number): Span[] {
  return index === 0 ? [span] : [{ text: " ".repeat(GAP) }, span];
}

function cell(span: Span, { align }: Column, width: number): Span {
  return { ...span, text: padded(clipped(span.text, width), width, align) };
}

/** @returns the columns that there is room for, and whether some had to go */
function fit(
  columns: readonly Column[],
  rows: Table["rows"],
  width: number,
): { readonly shown: readonly Fitted[]; readonly isPart: boolean } {
  let isPart = false;
  let all: Fitted[] = columns
    .map((column, index) => ({ column, index, width: widest(index, rows) }))
    .filter((one) => one.width > 0)
    .map((one) => ({ ...one, width: Math.max(one.width, textWidth(one.column.title)) }));
  for (;;) {
    const over = tooWide(all, isPart ? width - GAP - MORE.length : width);
    if (over <= 0) return { shown: all, isPart };
    const spare = Math.max(0, ...all.map((one) => one.column.spare ?? 0));
    const room = all.reduce((sum, one) => sum + one.width - Math.min(one.width, one.column.min ?? one.width), 0);
    if (room >= over || spare === 0) return { shown: shrunk(all, over, room >= over), isPart };
    isPart = width >= WORTH_MARKING;
    all = all.filter((one) => one.column.spare !== spare);
  }
}

function widest(index: number, rows: Table["rows"]): number {
  return rows.reduce((most, row) => Math.max(most, Math.min(MOST, textWidth(row[index]?.text ?? ""))), 0);
}

function tooWide(all: readonly Fitted[], width: number): number {
  return all.reduce((sum, one) => sum + one.width + GAP, -GAP) - width;
}

/** Takes columns of the terminal from the widest one, one by one. @param keepsMin false: from every one, down to 1 */
function shrunk(all: readonly Fitted[], over: number, keepsMin: boolean): Fitted[] {
  const out = all.map((one) => ({ ...one }));
  for (let left = over; left > 0; left -= 1) {
    const able = out.filter((one) => one.width > (keepsMin ? (one.column.min ?? one.width) : 1));
    const [first, ...others] = able;
    if (first === undefined) break;
    others.reduce((most, one) => (one.width > most.width ? one : most), first).width -= 1;
  }
  return out;
}
