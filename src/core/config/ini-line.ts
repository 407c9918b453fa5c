import ini from "ini";
import { isSecretWord, maskSecret } from "../parse/secret.js";

/** `key=value`, or a key alone. */
export interface Entry {
  /** The key in lower case. */
  readonly key: string;
  readonly value: string;
  /** Whether the line has no `=`. */
  readonly bare: boolean;
  /** The part of the value that looks like a comment: `; my inverter`. */
  readonly comment?: string;
}

/** One line of a configuration file. */
export type Line =
  | { readonly kind: "nothing" }
  /** `[kind name]`. The section begins even where the line has a problem. */
  | { readonly kind: "section"; readonly text: string; readonly problem?: string }
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "unknown"; readonly problem: string };

const OWN_LINE = "a comment stands on a line of its own";

/**
 * Reads one line. The ini package reads quotes and escapes; it gets single lines, because it keeps no line numbers of a whole file. A `;`
 * or `#` begins a comment only at the beginning of a line (docs/configuration.md); elsewhere it is escaped. A tab outside quotes is a blank.
 */
export function readLine(line: string): Line {
  const text = line.trim();
  if (text === "" || /^[;#]/.test(text)) return { kind: "nothing" };
  if (/^[^=[\]]+\]$/.test(text))
    return { kind: "section", text: text.slice(0, -1).trim(), problem: "the [ is missing" };
  return text.startsWith("[") && !/^\[[^\]]*\]:\d/.test(text) ? readSection(text) : readEntry(text);
}

function readSection(text: string): Line {
  const end = text.indexOf("]");
  if (end < 0) {
    const name = text.slice(1).split(/[;#]/, 1)[0] ?? "";
    return { kind: "section", text: name.trim(), problem: "the ] is missing" };
  }
  const section = { kind: "section", text: text.slice(1, end).trim() } as const;
  const behind = text.slice(end + 1).trim();
  if (behind === "") return section;
  if (/^[;#]/.test(behind)) return { ...section, problem: `${OWN_LINE}, not behind a section` };
  return {
    ...section,
    problem: `not understood: "${maskSecret(behind)}" behind the ]; a name stands inside: [mux inverter]`,
  };
}

function readEntry(text: string): Line {
  const [key = "", ...rest] = text.split("=");
  const bare = rest.length === 0;
  const value = rest.join("=").trim();
  const quoted = /^(["']).*\1$/.test(value);
  const loneQuote = /^["']$/.test(value); // ini takes it for an empty text in quotes
  const escaped = loneQuote
    ? JSON.stringify(value)
    : quoted
      ? value
      : value.replaceAll("\t", " ").replace(/[\\;#]/g, "\\$&");
  const [found] = Object.entries(ini.parse(bare ? key : `${key}=${escaped}`, { bracketedArray: false }));
  if (found === undefined) return { kind: "unknown", problem: `not understood: ${text}` };
  const [comment] = quoted ? [] : (/(?<=\s)[;#].*$/.exec(value) ?? []);
  const [name, parsed] = found;
  return {
    kind: "entry",
    entry: { key: name.toLowerCase(), value: bare ? "" : String(parsed), bare, ...(comment && { comment }) },
  };
}

/** An entry as messages may show it: a password that stands in its line is masked. */
export function withoutSecret(entry: Entry): Entry {
  const key = maskSecret(entry.key);
  return entry.comment !== undefined && isSecretWord(key) ? { ...entry, comment: "; …" } : { ...entry, key };
}

/** The problem of an entry, together with its probable cause: a comment behind the value, or a missing `=`. */
export function explainEntry(problem: string, { key, bare, comment }: Entry): string {
  if (comment !== undefined) return `${problem}; ${OWN_LINE}: "${comment}" counts as part of the value`;
  if (!bare) return problem;
  const [, word, rest] = /^([\w-]+)[\s:]\s*(\S.*)$/.exec(key) ?? [];
  return word === undefined ? `${problem}; the = is missing` : `the = is missing; did you mean ${word}=${rest}?`;
}

/** The warning for a value that the daemon takes with something like a comment in it; undefined without one. */
export function commentWarning({ comment }: Entry): string | undefined {
  return (
    comment && `"${comment}" counts as part of the value: ${OWN_LINE}; quotes around the value say that it is meant`
  );
}

/** A value as a file has it: in quotes where a reader would take it for another value, or for a value and a comment. */
export function printValue(value: string): string {
  return /^["']|^\s|\s$|\s[;#]/.test(value) ? JSON.stringify(value) : value;
}
