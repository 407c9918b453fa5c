import ini from "ini";
import { parseDirectRoute } from "../direct/direct-line.js";
import { parseMuxRoute } from "../mux/mux-line.js";
import { parsePort } from "../net/address.js";
import type { Result } from "../parse/result.js";
import { lineProblem, printable } from "../parse/text.js";
import { parseTunnelRoute } from "../tunnel/tunnel-line.js";
import { KEYS, parseValue, SECTIONS } from "./keys.js";
import type { DirectLine, MuxLine, PortLine, Section, TunnelLine, Values } from "./settings.js";

/** What one configuration file says: only what stands in it. */
export interface FileSettings {
  readonly values: Partial<Values>;
  readonly direct: readonly DirectLine[];
  readonly mux: readonly MuxLine[];
  readonly tunnel: readonly TunnelLine[];
}

/** A file, read: its settings and every mistake in it, each with line, section and key. */
export interface ParsedFile {
  readonly settings: FileSettings;
  readonly problems: readonly string[];
}

/** Takes one entry of a section; returns what is wrong with it. */
type Reader = (key: string, value: string, at: number) => string | undefined;

type Line =
  | { readonly kind: "nothing" }
  | { readonly kind: "section"; readonly name: string }
  | { readonly kind: "entry"; readonly key: string; readonly value: string }
  | { readonly kind: "riddle" };

/**
 * Reads one line by the ini package, which knows quotes, comments and sections, but keeps no line numbers when it reads a
 * whole file. A `;` or `#` begins a comment only at the beginning of a line (seed, "Configuration"), so inside it is escaped. A tab
 * is a blank, outside quotes.
 */
function readLine(line: string): Line {
  const text = line.trim();
  if (text === "" || /^[;#]/.test(text)) return { kind: "nothing" };
  if (/^\[.*\]$/.test(text)) return { kind: "section", name: text.slice(1, -1).trim().toLowerCase() };
  const [key = "", ...rest] = text.split("=");
  const value = rest.join("=").trim();
  const quoted = /^(["']).*\1$/.test(value);
  const escaped = quoted ? value : value.replaceAll("\t", " ").replace(/[\\;#]/g, "\\$&");
  const [entry] = Object.entries(ini.parse(rest.length === 0 ? key : `${key}=${escaped}`, { bracketedArray: false }));
  if (entry === undefined) return { kind: "riddle" };
  const [name, parsed] = entry;
  return { kind: "entry", key: name.toLowerCase(), value: rest.length === 0 ? "" : String(parsed) };
}

/** Takes the entries of a section whose lines are about a port each. */
function portReader<O>(lines: PortLine<O>[], parse: (text: string) => Result<O>): Reader {
  const lineOf = new Map<number, number>();
  return (key, value, at) => {
    const port = parsePort(key);
    if (!port.ok) return port.message;
    const first = lineOf.get(port.value);
    if (first !== undefined) return `port given twice, first in line ${first}`;
    const order = parse(value.replace(/^conn\s+/i, ""));
    if (!order.ok) return order.message;
    lineOf.set(port.value, at);
    lines.push({ port: port.value, route: order.value, text: value });
    return undefined;
  };
}

/**
 * Reads a configuration file (seed, "Configuration"). Section and key names come in any case.
 *
 * @param name the file's name, for the messages
 */
export function parseConfigFile(text: string, name: string): ParsedFile {
  const problems: string[] = [];
  let values: Partial<Values> = {};
  const direct: DirectLine[] = [];
  const mux: MuxLine[] = [];
  const tunnel: TunnelLine[] = [];
  let section = "";

  const reader =
    (inSection: Section): Reader =>
    (key, value) => {
      const parsed = parseValue(inSection, key, value);
      const known = KEYS.filter((row) => row.section === inSection).map((row) => row.key);
      if (parsed === undefined) return `unknown key; known are ${known.join(", ")}`;
      if (!parsed.ok) return parsed.message;
      values = { ...values, ...parsed.value };
      return undefined;
    };
  const readers: Readonly<Record<string, Reader>> = {
    ...Object.fromEntries(SECTIONS.map((name) => [name, reader(name)])),
    direct: portReader(direct, parseDirectRoute),
    mux: portReader(mux, parseMuxRoute),
    tunnel: portReader(tunnel, parseTunnelRoute),
  };

  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const at = index + 1;
    const line = readLine(raw);
    if (line.kind === "section") {
      section = line.name;
      if (!Object.hasOwn(readers, section)) {
        problems.push(`${name}:${at}: [${section}]: unknown section; known are [${Object.keys(readers).join("], [")}]`);
      }
    } else if (line.kind === "riddle") {
      problems.push(`${name}:${at}: [${section}]: not understood: ${raw.trim()}`);
    } else if (line.kind === "entry") {
      const read = Object.hasOwn(readers, section) ? readers[section] : undefined;
      const problem =
        section === "" ? "stands before any section" : (lineProblem(line.value) ?? read?.(line.key, line.value, at));
      if (problem !== undefined) problems.push(`${name}:${at}: [${section}] ${line.key}: ${problem}`);
    }
  }
  return { settings: { values, direct, mux, tunnel }, problems: problems.map(printable) };
}
