import { lineLabel } from "../net/client-origin.js";

/** Everything that a mux counts, with the help text of its metric. The keys stand in the JSON of STAT (docs/mux.md). */
export const MUX_COUNTERS = {
  requests: "Messages that clients sent.",
  answers: "Answers that clients got from the device or the cache.",
  timeouts: "Requests that got no answer in time.",
  linkLost: "Requests whose connection to the device was lost before the answer.",
  noPath: "Requests that found no connection to the device.",
  queueFull: "Requests rejected because the queue of their client was full.",
  refused: "Writes that RDON kept from the device.",
  malformed: "Clients that sent bytes which are no message.",
  repeated: "Reads sent a second time because their connection was lost.",
  cacheHits: "Reads answered from the cache.",
  joined: "Reads that shared the answer to an identical read.",
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
  readonly state: "connecting" | "ready" | "busy";
  readonly address: string;
  readonly ageMs: number;
  readonly requests: number;
}

/** A mux in the JSON of STAT. */
export interface MuxStatus extends Readonly<MuxCounters> {
  readonly port: number;
  /** The name of its section; left out: it has none. */
  readonly name?: string;
  readonly protocol: string;
  readonly mode: string;
  readonly target: string;
  readonly clients: number;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Requests that wait for their answer. */
  readonly outstanding: number;
  /** Most connections to the device at a time (POOL). */
  readonly pool: number;
  readonly links: readonly LinkStatus[];
  /** Whether there is no connection, the last attempt failed, and the next attempt is not due yet. */
  readonly down: boolean;
}

/** The connections that can carry requests. */
export function connectedLinks({ links }: MuxStatus): number {
  return links.filter(({ state }) => state !== "connecting").length;
}

/** Requests that failed, for whatever reason. */
function failedRequests({ timeouts, linkLost, noPath }: MuxStatus): number {
  return timeouts + linkLost + noPath;
}

/** One line of STAT. */
export function muxLine(mux: MuxStatus): string {
  return [
    ` mux ${lineLabel(mux)} ${mux.protocol} ${mux.target}:`,
    `${connectedLinks(mux)} of ${mux.pool} links${mux.down ? " (device not reached)" : ""},`,
    `${mux.clients} clients, ${mux.waiting} waiting, ${mux.outstanding} outstanding;`,
    `${mux.requests} requests, ${mux.answers} answered, ${failedRequests(mux)} failed, ${mux.strays} strays`,
  ].join(" ");
}
