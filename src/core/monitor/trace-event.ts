import { escapedJson, printable } from "../parse/text.js";
import type { FormatWord } from "./format.js";
import type { Decoded, Rendering } from "./view.js";

/** Where a message was seen (seed conbus-reverse-proxy, "Output Format"). */
export type Place = "CLIENT→PROXY" | "PROXY→SERVER" | "SERVER→PROXY" | "PROXY→CLIENT";

/** What else a monitor tells of a connection. */
export type Occasion = "CONNECT" | "DISCONNECT" | "ERROR";

/** Whose messages are seen. */
export interface Source {
  /** The connection's id; of a link to a shared device, `port/number`. */
  readonly connection: string;
  /** The port it came in by. */
  readonly listener: number;
  /** `host:port`; a link has no client. */
  readonly client?: string;
  readonly server: string;
}

/** A message, put into words. */
export interface Shown extends Rendering {
  readonly view: string;
  readonly decoded?: Decoded;
}

/** A line of a monitor: a message that was seen somewhere, or what has become of its connection. */
export type TraceEvent =
  | { readonly source: Source; readonly place: Place; readonly shown: Shown }
  | { readonly source: Source; readonly occasion: Occasion; readonly text: string }
  /** So many bytes that were not looked at. */
  | { readonly source: Source; readonly overlooked: number };

/** What stands before what is wrong with a message. */
const WRONG = "✗";

/**
 * A sighting as a line, without its LF: `14:32:15,123 [CLIENT→PROXY] <S0000000000F01D00FA>`, or as JSON.
 *
 * @param time when it happened: the time of day, or with `json` an ISO 8601 time
 */
export function lineOf(event: TraceEvent, time: string, format: readonly FormatWord[]): string {
  return format.includes("json")
    ? jsonOf(event, time, format.includes("decode"))
    : printable(textOf(event, time, format));
}

function textOf(event: TraceEvent, time: string, format: readonly FormatWord[]): string {
  if ("overlooked" in event) return `… ${event.overlooked} bytes not looked at`;
  const id = format.includes("id") ? ` ${event.source.connection}` : "";
  if ("occasion" in event) {
    return `${time} [${event.occasion}]${id} ${event.source.client ?? ""} ${event.text}`;
  }
  const { text, fault, decoded } = event.shown;
  const parts = decoded !== undefined && format.includes("decode") ? ` {${decoded.text}}` : "";
  const wrong = fault === undefined ? "" : ` ${WRONG} ${fault}`;
  return `${time} [${event.place}]${id} ${text}${wrong}${parts}`;
}

function jsonOf(event: TraceEvent, time: string, decode: boolean): string {
  if ("occasion" in event) {
    const { source, occasion, text } = event;
    return escapedJson({ time, event: occasion.toLowerCase(), ...source, text: printable(text) });
  }
  if ("overlooked" in event) return escapedJson({ time, ...event.source, notLookedAt: event.overlooked });
  const { source, place, shown } = event;
  const { view, text, fault, decoded } = shown;
  const parts = decode ? decoded?.parts : undefined;
  return escapedJson({ time, direction: place, ...source, protocol: view, message: text, fault, parts });
}

/** The line that says how many messages could not be shown in time. */
export function gapLine(messages: number, format: readonly FormatWord[]): string {
  return format.includes("json") ? JSON.stringify({ notShown: messages }) : `… ${messages} messages not shown`;
}
