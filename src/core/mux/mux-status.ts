import type { ClientStatus, RequestParts } from "./client-records.js";
import type { DeviceLoadStatus } from "./device-load.js";
import type { ValueStatus } from "./publish/published-value.js";
import { OUTCOMES } from "./request-outcome.js";
import type { SilentUnit } from "./unit-health.js";

/** Everything that a mux counts, with the help text of its metric. The keys stand in the JSON of STAT (docs/mux.md). */
export const MUX_COUNTERS = {
  requests: "Requests of clients. Each ends in one of the ways that follow, up to `abandoned`, or is still open.",
  ...OUTCOMES,
  malformed: "Clients that sent bytes which are no message.",
  stalled: "Clients closed because they stopped in the middle of a request or an answer.",
  repeated: "Reads sent a second time because their connection was lost.",
  strays: "Messages of the device that no request waited for.",
  events: "Messages of the device to all clients.",
} as const;

type MuxCounter = keyof typeof MUX_COUNTERS;

/** How often each has happened since the mux was made. */
export type MuxCounters = Record<MuxCounter, number>;

/** Counters that stand at 0. */
export function muxCounters(): MuxCounters {
  return Object.fromEntries(Object.keys(MUX_COUNTERS).map((name) => [name, 0])) as MuxCounters;
}

/** A connection to the device. */
export interface LinkStatus {
  /** `busy`: requests wait for their answer; `idle`: nothing has passed for a second or longer. */
  readonly state: "connecting" | "ready" | "busy" | "idle";
  readonly address: string;
  readonly ageMs: number;
  /** Time since bytes have last passed, in either direction. */
  readonly idleMs: number;
  readonly requests: number;
}

/**
 * The requests of a mux in the JSON of STAT. `requests` is the sum of `answers`, `cacheHits`, `joined`, `sent`, `failed`, `refused`,
 * `abandoned` and `open`.
 */
export interface RequestsStatus extends Readonly<MuxCounters>, RequestParts, DeviceLoadStatus {
  /** Time since a client has last asked something, in milliseconds; absent: none has. */
  readonly askedMs?: number;
  /** Requests to the device in a row that got no answer: none since its last one. */
  readonly unanswered: number;
  /** Time since the first of them went out, in milliseconds. */
  readonly silentMs?: number;
  /** Reads that wait for the answer to another read. They are in `joined`, too. */
  readonly joining: number;
  /** Who asks: clients that are connected, and the last ones that were. */
  readonly clients: readonly ClientStatus[];
}

/** That a device cannot be reached. */
export interface Outage {
  /** For how long, in milliseconds. */
  readonly downMs: number;
  /** Why the last attempt has failed. */
  readonly reason: string;
}

/** A mux in the JSON of STAT. */
export interface MuxStatus extends RequestsStatus, Partial<Outage> {
  readonly port: number;
  /** The name of its section; left out: it has none. */
  readonly name?: string;
  readonly protocol: string;
  readonly mode: string;
  readonly target: string;
  /** Clients that are connected. */
  readonly clientCount: number;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Requests that wait for their answer. */
  readonly outstanding: number;
  /** Most connections to the device at a time (POOL). */
  readonly pool: number;
  readonly links: readonly LinkStatus[];
  /** Units behind a gateway that do not answer while others do; left out: there are none. */
  readonly silentUnits?: readonly SilentUnit[];
  /** The values that are published; left out: there are none. */
  readonly values?: readonly ValueStatus[];
  /** Whether the device cannot be reached, as far as is known; with `downMs` and `reason` then. */
  readonly down: boolean;
}

/** The connections that can carry requests. */
export function connectedLinks({ links }: MuxStatus): number {
  return links.filter(({ state }) => state !== "connecting").length;
}
