import type { Direction } from "../decode/direction.js";
import { escapedJson } from "../parse/text.js";
import type { Hops } from "./hops.js";
import { CLIENT_SIDE, SERVER_SIDE } from "./hops.js";
import type { ConnectionEvent, TraceSource } from "./trace-event.js";

/** Where a stream is observed: between client and server, or on one side of what stands between them (docs/monitor.md). */
export type Side = "relay" | "client" | "server";

/** A stream as it is on the wire, for programs that write captures and recordings. */
export interface StreamFacts {
  readonly transport: "tcp" | "udp";
  /** `host:port` of the side that sends `up`. Empty where it is not known. */
  readonly from: string;
  /** `host:port` of the side that sends `down`: an address where the stream knows it. */
  readonly to: string;
  /** The protocol of a shared device, as `PROT` names it. */
  readonly protocol?: string;
}

/** The stream that an event is about. */
export type StreamName = Pick<TraceSource, "connection" | "listener" | "server"> & {
  readonly client: string;
  readonly side: Side;
};

/** What a watcher of bytes (`WTCH BYTE=hex`) is told, one line of JSON each. */
export type ByteEvent =
  /** A stream begins, or (`joined`) has begun before the watcher came. `view`: how to show its messages. */
  | ({
      readonly kind: "open";
      readonly joined: boolean;
      readonly view: string;
      readonly lineEnd?: string;
    } & StreamFacts)
  | { readonly kind: "bytes"; readonly direction: Direction; readonly bytes: Buffer }
  /** Nothing more comes from this side. */
  | { readonly kind: "end"; readonly direction: Direction }
  /** The state of the connection has changed. */
  | { readonly kind: "connection"; readonly event: ConnectionEvent; readonly text: string };

/** A line of a watcher of bytes, read. */
export type ByteLine =
  | { readonly kind: "event"; readonly epochMs: number; readonly stream: StreamName; readonly event: ByteEvent }
  /** So many events are missing, because the watcher was too slow. */
  | { readonly kind: "gap"; readonly missing: number };

/** The side on which these hops are. */
export function sideOf(hops: Hops): Side {
  if (hops === CLIENT_SIDE) return "client";
  return hops === SERVER_SIDE ? "server" : "relay";
}

/** An event as its line, without LF. The inverse of {@link readByteLine}. @param time ISO 8601 */
export function byteLineOf(event: ByteEvent, { connection, listener, client, server, side }: StreamName, time: string) {
  const { kind, ...facts } = event;
  const shown = facts as { bytes?: Buffer; event?: string };
  if (shown.bytes !== undefined) Object.assign(facts, { bytes: shown.bytes.toString("hex") });
  if (kind !== "bytes") Object.assign(facts, { event: shown.event?.toLowerCase() ?? kind });
  return escapedJson({ time, connection, listener, client, server, side, ...facts });
}

/** Reads a line of a watcher of bytes; undefined for any other text. @param epochMsOf reads an ISO 8601 time */
export function readByteLine(line: string, epochMsOf: (time: string) => number): ByteLine | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = Object(JSON.parse(line));
  } catch {
    return undefined;
  }
  if (typeof parsed["notShown"] === "number") return { kind: "gap", missing: parsed["notShown"] };
  const text = (name: string): string => (typeof parsed[name] === "string" ? String(parsed[name]) : "");
  const epochMs = epochMsOf(text("time"));
  const event = readEvent(parsed, text);
  if (Number.isNaN(epochMs) || event === undefined) return undefined;
  const [connection, client, server] = [text("connection"), text("client"), text("server")];
  const side = SIDES.find((known) => known === parsed["side"]) ?? "relay";
  const stream = { connection, listener: Number(parsed["listener"]), client, server, side };
  return { kind: "event", epochMs, stream, event };
}

const SIDES: readonly Side[] = ["relay", "client", "server"];
const CONNECTION_EVENTS: readonly ConnectionEvent[] = ["CONNECT", "DISCONNECT", "ERROR"];

function readEvent(parsed: Record<string, unknown>, text: (name: string) => string): ByteEvent | undefined {
  const direction: Direction = parsed["direction"] === "up" ? "up" : "down";
  const event = text("event");
  if (event === "") return { kind: "bytes", direction, bytes: Buffer.from(text("bytes"), "hex") };
  if (event === "end") return { kind: "end", direction };
  if (event === "open") {
    const transport = parsed["transport"] === "udp" ? "udp" : "tcp";
    const more = { protocol: text("protocol"), lineEnd: text("lineEnd") };
    const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== ""));
    const [from, to, view] = [text("from"), text("to"), text("view")];
    return { kind: "open", joined: parsed["joined"] === true, transport, from, to, view, ...given };
  }
  const known = CONNECTION_EVENTS.find((name) => name.toLowerCase() === event);
  return known === undefined ? undefined : { kind: "connection", event: known, text: text("text") };
}
