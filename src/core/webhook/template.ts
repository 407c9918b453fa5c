import type { GatewayEvent } from "../events/gateway-event.js";
import { didYouMean } from "../parse/near-miss.js";
import { fail, ok, type Result } from "../parse/result.js";
import { printable } from "../parse/text.js";

/** The words that a template may have in braces: members of an event. */
export const TEMPLATE_WORDS = [
  "event",
  "time",
  "pid",
  "name",
  "listener",
  "remote",
  "client",
  "bytes",
  "text",
  "reason",
  "device",
  "downMs",
  "count",
] as const satisfies readonly (keyof GatewayEvent)[];
export type TemplateWord = (typeof TEMPLATE_WORDS)[number];

/** `{word}`, or `{{word}}` for a text that is to have `{word}`. */
const WORD = /\{\{([a-z]+)\}\}|\{([a-z]+)\}/gi;

/** Writes the value of a word so that it is one value where it stands. */
export type Escape = (value: string | number | undefined) => string;

/** A part of a template: a text as it stands, or a word and how to write its value. */
type Part = string | { readonly word: TemplateWord; readonly escape: Escape };

/** A text with words in braces. */
export class Template {
  readonly #parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /**
   * Reads a template.
   *
   * @param escapeAt how to write the value of a word that stands behind this text, literal parts with their braces
   * @returns the problem of a word that is none
   */
  static read(text: string, escapeAt: (before: string) => Escape): Result<Template> {
    const parts: Part[] = [];
    let end = 0;
    for (const { 0: found, 1: literal, 2: name, index } of text.matchAll(WORD)) {
      parts.push(text.slice(end, index));
      end = index + found.length;
      const word = TEMPLATE_WORDS.find((one) => one === name);
      if (literal !== undefined) parts.push(`{${literal}}`);
      else if (word === undefined) return fail(unknownWord(name ?? ""));
      else parts.push({ word, escape: escapeAt(text.slice(0, index)) });
    }
    return ok(new Template([...parts, text.slice(end)]));
  }

  /** The text for an event. Values are made {@link printable} before they are escaped. */
  fill(event: GatewayEvent): string {
    return this.#parts
      .map((part) => (typeof part === "string" ? part : part.escape(valueIn(event, part.word))))
      .join("");
  }
}

function valueIn(event: GatewayEvent, word: TemplateWord): string | number | undefined {
  const value = event[word];
  return typeof value === "string" ? printable(value) : value;
}

function unknownWord(name: string): string {
  const meant = didYouMean(name, TEMPLATE_WORDS).replace(/mean (\w+)/, "mean {$1}");
  const known = TEMPLATE_WORDS.map((word) => `{${word}}`).join(" ");
  return `unknown word {${name}}${meant || `; known are ${known}; for braces that are meant, write them twice`}`;
}
