/** What the daemon tells of one connection (docs/events.md). */
export const CONNECTION_EVENTS = [
  /** A client has got its remote. */
  "connected",
  /** The remote has sent bytes. */
  "data",
  /** The client has gone, and the connection to the remote stays for a while. */
  "parked",
  /** The client is back. */
  "resumed",
  /** The connection has ended. */
  "closed",
] as const;

/** What it tells of lines and of what they lead to. Alerts are about these, too. */
export const LINE_EVENTS = [
  /** A server of a `[direct]` line cannot be reached; it can be reached again. */
  "server-down",
  "server-back",
  /** The same of the device of a `[mux]` line. */
  "device-down",
  "device-back",
  /** A device of a `[tunnel]` line has lost its link; it has it again. */
  "link-down",
  "link-back",
  /** Too many telegrams of a line had wrong checksums. */
  "checksum-errors",
] as const;

/** All that it tells. */
export const EVENT_NAMES = [...CONNECTION_EVENTS, ...LINE_EVENTS] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** One event, as every way tells it. Its JSON is an interface: docs/event.schema.json. */
export interface GatewayEvent {
  readonly event: EventName;
  /** When it happened: ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  /** The connection, by the pid of its NTFY option, or else its own identifier. */
  readonly pid?: string;
  /** The name of the configuration line; left out: it has none. */
  readonly name?: string;
  /** The port of the listener. */
  readonly listener?: number;
  /** The remote, server or device: `host:port`. */
  readonly remote?: string;
  /** The client: `host:port`. */
  readonly client?: string;
  /** Of `data`: new bytes from the remote; of `parked`: bytes that wait; of `closed`: all that the remote has sent. */
  readonly bytes?: number;
  /** The event in a sentence for people. */
  readonly text: string;
  /** Why something ended or cannot be reached. */
  readonly reason?: string;
  /** Of `link-down` and `link-back`: the name of the device, where its line has several. */
  readonly device?: string;
  /** Of `…-back`: how long it was down, in milliseconds. */
  readonly downMs?: number;
  /** Of `checksum-errors`: the errors of the last minute. */
  readonly count?: number;
}
