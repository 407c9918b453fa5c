import { printable } from "../parse/text.js";

/** Characters that terminals show in two columns: East Asian wide ones (Unicode Standard Annex #11), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18d08}\u{1b000}-\u{1b2fb}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Extended_Pictographic}/u;
const ASCII = /^[\x20-\x7e]*$/;
const CUT = "…";

/** A text from outside as one line of a terminal: nothing in it drives the terminal, and marks join their letter where one character is both. */
export function shown(text: string): string {
  return ASCII.test(text) ? text : printable(text.normalize("NFC"));
}

/** How many columns a text of {@link shown} takes at most. Marks that join no letter count, too: a text must not be wider than it says. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** The beginning of a text that fits into so many columns. */
function beginning(text: string, width: number): string {
  let end = 0;
  let used = 0;
  for (const character of text) {
    used += WIDE.test(character) ? 2 : 1;
    if (used > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** A text in so many columns at most; `…` stands for what is missing. */
export function clipped(text: string, width: number): string {
  if (text.length <= width / 2 || textWidth(text) <= width) return text;
  return width <= 0 ? "" : beginning(text, width - 1) + CUT;
}

/** A text in exactly so many columns, if it is not wider. */
export function padded(text: string, width: number, align: "left" | "right" = "left"): string {
  const gap = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "left" ? text + gap : gap + text;
}

/** A text in lines of so many columns at most, cut at blanks where that is possible; the last line says by `…` that there was more. */
export function folded(text: string, width: number, maxLines: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (textWidth(rest) > width && lines.length < maxLines - 1) {
    const fitting = beginning(rest, width);
    const blank = rest.startsWith(" ", fitting.length) ? fitting.length : fitting.lastIndexOf(" ");
    const line = blank > 0 ? fitting.slice(0, blank) : fitting;
    if (line === "") break; // not even one character fits
    lines.push(line);
    rest = rest.slice(line.length).trimStart();
  }
  return [...lines, clipped(rest, width)];
}
