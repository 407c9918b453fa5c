import { escapedJson, printable } from "../parse/text.js";
import type { LineWord } from "./format.js";
import type { Hop } from "./hops.js";
import type { Decoded, Rendering } from "./view.js";

/** What the monitor shows of a connection, beside its messages. */
export type ConnectionEvent = "CONNECT" | "DISCONNECT" | "ERROR";

/** The connection that an event is about. */
export interface TraceSource {
  /** The connection's id; of a link to a shared device, `port/number`. */
  readonly connection: string;
  /** The port that the client has connected to. */
  readonly listener: number;
  /** `host:port`; of a link to a shared device: of the client whose request is under way there, where it is the only one. */
  readonly client?: string | undefined;
  /** `host:port` */
  readonly server: string;
  /** One side of a shared device: with the format word `client` a line says which client its message is from or for. */
  readonly isShared?: true;
}

/** A message as text. */
export interface RenderedMessage extends Rendering {
  /** Name of the view that has rendered it. */
  readonly view: string;
  readonly decoded?: Decoded;
}

/** An event that makes one line of a monitor. */
export type TraceEvent =
  /** A message has passed a hop. */
  | { readonly kind: "message"; readonly source: TraceSource; readonly hop: Hop; readonly message: RenderedMessage }
  /** The state of the connection has changed. */
  | {
      readonly kind: "connection";
      readonly source: TraceSource;
      readonly event: ConnectionEvent;
      readonly text: string;
    }
  /** This many bytes have passed and were not parsed. */
  | { readonly kind: "skipped"; readonly source: TraceSource; readonly bytes: number };

/** Stands before what is wrong with a message. */
const FAULT_SIGN = "✗";

/**
 * An event as a line, without its LF: `14:32:15,123 [CLIENT→PROXY] <S0000000000F01D00FA>`, or as JSON (docs/monitor.md).
 *
 * @param time when it happened: the time of day, or with `json` and `audit` an ISO 8601 time
 */
export function lineOf(event: TraceEvent, time: string, format: readonly LineWord[]): string {
  return format.includes("json")
    ? escapedJson(jsonOf(event, time, format.includes("decode")))
    : printable(textOf(event, time, format));
}

function textOf(event: TraceEvent, time: string, format: readonly LineWord[]): string {
  const isAudit = format.includes("audit");
  const id = isAudit || format.includes("id") ? ` ${event.source.connection}` : "";
  const { isShared, client } = event.source;
  const asker = client !== undefined && (isAudit || (isShared && format.includes("client"))) ? ` ${client}` : "";
  switch (event.kind) {
    case "skipped":
      return `${isAudit ? `${time}${id}${asker} ` : ""}… ${event.bytes} bytes not looked at`;
    case "connection":
      return `${time} [${event.event}]${id} ${event.source.client ?? ""} ${event.text}`;
    case "message": {
      const { text, fault, decoded } = event.message;
      // the view of Modbus says it in its text already
      const isNews = decoded !== undefined && !text.endsWith(decoded.text);
      const parts = isNews && format.includes("decode") ? ` {${decoded.text}}` : "";
      const wrong = fault === undefined ? "" : ` ${FAULT_SIGN} ${fault}`;
      return `${time} [${event.hop}]${id}${asker} ${text}${wrong}${parts}`;
    }
  }
}

function jsonOf(event: TraceEvent, time: string, decode: boolean): object {
  const { isShared: _, ...source } = event.source;
  switch (event.kind) {
    case "skipped":
      return { time, ...source, notLookedAt: event.bytes };
    case "connection":
      return { time, event: event.event.toLowerCase(), ...source, text: printable(event.text) };
    case "message": {
      const { view, text, fault, decoded } = event.message;
      const parts = decode ? decoded?.parts : undefined;
      return { time, direction: event.hop, ...source, protocol: view, message: text, fault, parts };
    }
  }
}

/**
 * The line that stands where messages are missing, because they could not be shown in time.
 *
 * @param time when that is told, in ISO 8601; for audit files
 */
export function gapLine(messages: number, format: readonly LineWord[], time: string): string {
  const isAudit = format.includes("audit");
  if (format.includes("json")) return JSON.stringify({ ...(isAudit && { time }), notShown: messages });
  return `${isAudit ? `${time} ` : ""}… ${messages} messages not shown`;
}
