import type { Colour } from "../monitor/colours.js";
import { clipped, shown, textWidth } from "./text-width.js";

/** How a text stands out. */
export type Style = Colour | "bold";

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

/** One line of a terminal. */
export type Line = readonly Span[];

/** A piece whose text comes from outside. */
export function span(text: string, style?: Style): Span {
  return style === undefined ? { text: shown(text) } : { text: shown(text), style };
}

/** A line that is no wider than that. */
export function clippedLine(line: Line, width: number): Line {
  const out: Span[] = [];
  let left = width;
  for (const piece of line) {
    const text = clipped(piece.text, left);
    out.push({ ...piece, text });
    left -= textWidth(text);
    if (text !== piece.text) break;
  }
  return out;
}

/** Pieces side by side, in as many lines as they need. */
export function flowed(pieces: readonly Span[], width: number): Line[] {
  const lines: Span[][] = [];
  let left = 0;
  for (const piece of pieces) {
    const wanted = textWidth(piece.text) + GAP.length;
    const line = lines.at(-1);
    if (line !== undefined && wanted <= left) {
      line.push({ text: GAP }, piece);
      left -= wanted;
    } else {
      lines.push([piece]);
      left = width - textWidth(piece.text);
    }
  }
  return lines.map((line) => clippedLine(line, width));
}

const GAP = "  ";

/**
 * A line as text.
 *
 * @param paint puts a style on a text; left out: no styles
 */
export function lineText(line: Line, paint?: (style: Style, text: string) => string): string {
  const text = line.map((piece) => (piece.style && paint ? paint(piece.style, piece.text) : piece.text)).join("");
  return paint === undefined ? text.trimEnd() : text;
}
