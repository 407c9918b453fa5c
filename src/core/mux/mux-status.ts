/** What has happened in a mux so far. */
export interface MuxCounters {
  /** Messages of clients. */
  requests: number;
  /** Answers given to clients, those of the device and those from the cache. */
  answers: number;
  /** Requests without an answer in time. */
  timeouts: number;
  /** Requests whose link was lost before their answer. */
  linkLost: number;
  /** Requests that met no link. */
  noPath: number;
  /** Requests refused because their client had too many waiting. */
  queueFull: number;
  /** Writes that RDON has kept from the device. */
  refused: number;
  /** Clients that have sent what is no message. */
  malformed: number;
  /** Reads asked a second time, because their link was lost. */
  repeated: number;
  /** Reads answered from the last answer. */
  cacheHits: number;
  /** Reads that were answered together with an identical one. */
  joined: number;
  /** Messages of the device that nobody waited for. */
  strays: number;
  /** Messages of the device to everybody. */
  events: number;
}

/** A connection to the device. */
export interface LinkStatus {
  readonly state: "connecting" | "ready" | "busy";
  readonly address: string;
  readonly ageMs: number;
  readonly requests: number;
}

/** Everything known of one mux. */
export interface MuxStatus extends Readonly<MuxCounters> {
  readonly port: number;
  readonly protocol: string;
  readonly mode: string;
  readonly target: string;
  readonly clients: number;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Requests that wait for their answer. */
  readonly outstanding: number;
  /** Links at most. */
  readonly pool: number;
  readonly links: readonly LinkStatus[];
  /** There is no link, and it is not the time for another attempt yet. */
  readonly down: boolean;
}

/** Counters that have counted nothing. */
export function muxCounters(): MuxCounters {
  return {
    requests: 0,
    answers: 0,
    timeouts: 0,
    linkLost: 0,
    noPath: 0,
    queueFull: 0,
    refused: 0,
    malformed: 0,
    repeated: 0,
    cacheHits: 0,
    joined: 0,
    strays: 0,
    events: 0,
  };
}

/** One line of STAT. */
export function muxLine(mux: MuxStatus): string {
  const links = mux.links.filter(({ state }) => state !== "connecting").length;
  const lost = mux.timeouts + mux.linkLost + mux.noPath;
  return [
    ` mux ${mux.port} ${mux.protocol} ${mux.target}:`,
    `${links} of ${mux.pool} links${mux.down ? " (device not reached)" : ""},`,
    `${mux.clients} clients, ${mux.waiting} waiting, ${mux.outstanding} outstanding;`,
    `${mux.requests} requests, ${mux.answers} answered, ${lost} failed, ${mux.strays} strays`,
  ].join(" ");
}
