import { type LineEnd, lineEndNamed, lineFraming } from "../framing/echo-framing.js";
import type { Protocol } from "../mux/protocol.js";
import { plainProtocol } from "../mux/protocols/plain-protocol.js";
import { findProtocol } from "../mux/protocols/protocols.js";
import { fail, ok, type Result } from "../parse/result.js";
import { escapedJson } from "../parse/text.js";

/** Who has said a message. */
export type Speaker = "client" | "device";

/** A place in a message: index and number of bytes. */
export type Range = readonly [at: number, length: number];

/** A connection begins, or was there when the recording began. */
export interface Opening {
  readonly kind: "open";
  /** Milliseconds since the recording began; of every entry. */
  readonly at: number;
  /** Counts the connections of the recording, from 1 on; of every entry. */
  readonly connection: number;
  /** The device, `host:port`. */
  readonly device: string;
  readonly protocol: string;
  readonly lineEnd?: LineEnd;
  readonly joined?: true;
}

/** A message, or bytes that are none. */
export interface RecordedMessage {
  readonly kind: "message";
  readonly at: number;
  readonly connection: number;
  readonly who: Speaker;
  readonly bytes: Buffer;
  /** More of the same message follows. */
  readonly part?: true;
  /** Why the bytes are no message. */
  readonly junk?: string;
  /** Bytes that were replaced. */
  readonly masked?: readonly Range[];
  /** What it says, for readers. */
  readonly text?: string;
}

/** A side has ended the connection, or (`reset`) cut it. */
export interface Ending {
  readonly kind: "end";
  readonly at: number;
  readonly connection: number;
  readonly who: Speaker;
  readonly reset?: true;
}

export type Entry =
  | Opening
  | RecordedMessage
  | Ending
  | { readonly kind: "gap"; readonly at: number; readonly missing: number };

/** A recording, read. */
export interface Recording {
  /** When it began, ISO 8601. */
  readonly began: string;
  readonly entries: readonly Entry[];
}

/** The version of the format. A reader refuses a later one. */
const FORMAT = 1;

/** The first line of a recording. @param began ISO 8601 @param by the program and its version */
export function recordingHead(began: string, by: string): string {
  return escapedJson({ recording: FORMAT, by, began });
}

/** An entry as a line, without LF. */
export function entryLine(entry: Entry): string {
  const { kind, at, ...rest } = entry;
  const time = Math.round(at);
  if (kind === "message") {
    const { connection, who, bytes, ...more } = rest as Omit<RecordedMessage, "kind" | "at">;
    return escapedJson({ at: time, connection, who, bytes: bytes.toString("hex"), ...more });
  }
  return escapedJson(kind === "gap" ? { at: time, ...rest } : { at: time, event: kind, ...rest });
}

/** Reads a recording. Errors name the line. */
export function readRecording(text: string): Result<Recording> {
  const lines = text.split("\n");
  const head = parsed(lines[0] ?? "");
  const format = head?.["recording"];
  if (typeof format !== "number") return fail("line 1: this is no recording of sockproxyd");
  if (format > FORMAT) return fail(`line 1: the recording has format ${format}; this version reads ${FORMAT}`);
  const entries: Entry[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const entry = readEntry(parsed(line));
    if (entry === undefined) return fail(`line ${index + 1}: this is no entry of a recording`);
    entries.push(entry);
  }
  return ok({ began: String(head?.["began"] ?? ""), entries });
}

/** The protocol of a connection; `raw` where nothing is known of it. */
export function protocolNamed(name: string, lineEnd: LineEnd | undefined): Protocol | undefined {
  if (name === "echo" && lineEnd !== undefined) return plainProtocol(lineFraming(lineEnd));
  return findProtocol(name);
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const EVEN_HEX = /^(?:[0-9a-f]{2})*$/i;

function readEntry(fields: Fields | undefined): Entry | undefined {
  const at = fields?.["at"];
  if (fields === undefined || typeof at !== "number" || !(at >= 0)) return undefined;
  if (typeof fields["missing"] === "number") return { kind: "gap", at, missing: fields["missing"] };
  const { connection, who, event } = fields;
  if (typeof connection !== "number") return undefined;
  if (event === "open") return readOpening(fields, at, connection);
  if (who !== "client" && who !== "device") return undefined;
  if (event === "end") return { kind: "end", at, connection, who, ...(fields["reset"] === true && { reset: true }) };
  const { bytes, junk, text } = fields;
  if (event !== undefined || typeof bytes !== "string" || !EVEN_HEX.test(bytes)) return undefined;
  const masked = readRanges(fields["masked"]);
  return {
    ...{ kind: "message", at, connection, who, bytes: Buffer.from(bytes, "hex") },
    ...(fields["part"] === true && { part: true }),
    ...(typeof junk === "string" && { junk }),
    ...(typeof text === "string" && { text }),
    ...(masked.length > 0 && { masked }),
  };
}

function readOpening(fields: Fields, at: number, connection: number): Opening | undefined {
  const { device = "", protocol = "raw", lineEnd, joined } = fields;
  const end = lineEndNamed(lineEnd);
  if (typeof protocol !== "string" || protocolNamed(protocol, end) === undefined) return undefined;
  const opening = { kind: "open", at, connection, device: String(device), protocol } as const;
  return { ...opening, ...(end !== undefined && { lineEnd: end }), ...(joined === true && { joined }) };
}

function readRanges(value: unknown): Range[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair: unknown) => {
    const [at, length] = Array.isArray(pair) ? (pair as unknown[]) : [];
    return typeof at === "number" && typeof length === "number" ? [[at, length] as const] : [];
  });
}
