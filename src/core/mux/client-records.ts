import { RecentSum } from "../collections/recent-sum.js";
import { FAILURES, OUTCOMES, type Outcome } from "./request-outcome.js";

/** What has become of requests. `requests` is the sum of all the others (docs/mux.md). */
export interface RequestParts {
  readonly requests: number;
  readonly answers: number;
  readonly cacheHits: number;
  /** With reads that wait for the answer to another read. */
  readonly joined: number;
  readonly sent: number;
  /** The sum of timeouts, lost connections, missing connections and full queues. */
  readonly failed: number;
  readonly refused: number;
  readonly abandoned: number;
  /** Requests that wait for their turn, or for their own answer. */
  readonly open: number;
}

/** A client of a shared device in the JSON of STAT. */
export interface ClientStatus extends RequestParts {
  /** The IP address of the client; `a shared link` where several clients come over one connection. */
  readonly address: string;
  /** The id of its connection, or of the last one that it had. */
  readonly id: string;
  readonly connected: boolean;
  /** How often it has connected. */
  readonly connections: number;
  /** Requests in a second, over the last minute. */
  readonly rate: number;
  /** How long its requests have waited for their turn, all together. */
  readonly waitedMs: number;
  /** How long its requests have been with the device, all together. */
  readonly deviceMs: number;
}

/**
 * What the daemon itself is called among the clients of a device, while it asks for values (POLL): no client has that address. It comes and goes
 * with each request, and does not count as one that is connected.
 */
export const POLLER = "poll";

const OUTCOME_NAMES = Object.keys(OUTCOMES) as Outcome[];
const SUCCESSION_MS = 1000; // a client that closes and connects anew can be seen in the other order
const MAX_FORMER = 64; // addresses of a home; a record takes about 500 bytes

/** What is known of one client, over all its connections. */
export class ClientRecord {
  readonly address: string;
  id = "";
  connected = false;
  connections = 0;
  requests = 0;
  waitedMs = 0;
  deviceMs = 0;
  readonly outcomes: Record<Outcome, number> = noOutcomes();
  readonly recent: RecentSum;
  /** When its client has connected. */
  connectedAt = 0;

  constructor(address: string, now: number) {
    this.address = address;
    this.recent = new RecentSum(now);
  }

  /** Takes over what is known of another client: it was this one. */
  absorb(former: ClientRecord, now: number): void {
    this.connections += former.connections;
    this.requests += former.requests;
    this.waitedMs += former.waitedMs;
    this.deviceMs += former.deviceMs;
    for (const outcome of OUTCOME_NAMES) this.outcomes[outcome] += former.outcomes[outcome];
    this.recent.addAll(former.recent, now);
  }

  /** What STAT shows of it. @param joining reads that wait for the answer to another read */
  status(joining: number, now: number): ClientStatus {
    const { address, id, connected, connections, requests, outcomes, waitedMs, deviceMs } = this;
    const { answers, cacheHits, sent, refused, abandoned } = outcomes;
    return {
      ...{ address, id, connected, connections, requests, answers, cacheHits },
      joined: outcomes.joined + joining,
      sent,
      failed: failuresOf(outcomes),
      ...{ refused, abandoned, open: openOf(requests, outcomes) - joining },
      rate: Math.round(this.recent.perMs(now) * 100_000) / 100,
      waitedMs: Math.round(waitedMs),
      deviceMs: Math.round(deviceMs),
    };
  }
}

/**
 * The clients of a shared device. A client that connects anew goes on with the last record that a client of its address has left. So a
 * program that connects for each request is one client, and three programs on one machine are three. The oldest records of former clients
 * are forgotten.
 */
export class ClientRecords {
  readonly #connected = new Set<ClientRecord>();
  /** The record of the client that connected last, by address, while it is connected. */
  readonly #newest = new Map<string, ClientRecord>();
  /** Those of clients that are gone, in the order in which they left. */
  readonly #former = new Set<ClientRecord>();

  /** A client has connected. @param id of its connection */
  connected(address: string, id: string, now: number): ClientRecord {
    const record = this.#lastFormer(address) ?? new ClientRecord(address, now);
    this.#former.delete(record);
    this.#connected.add(record);
    this.#newest.set(address, record);
    record.id = id;
    record.connectedAt = now;
    record.connected = true;
    record.connections += 1;
    return record;
  }

  /** The connection of a client has ended. */
  disconnected(record: ClientRecord, now: number): void {
    if (!this.#connected.delete(record)) return;
    const newest = this.#newest.get(record.address);
    if (newest === record) {
      this.#newest.delete(record.address);
    } else if (newest?.connections === 1 && now - newest.connectedAt < SUCCESSION_MS) {
      newest.absorb(record, now); // the client had connected anew already
      return;
    }
    record.connected = false;
    this.#former.add(record);
    if (this.#former.size <= MAX_FORMER) return;
    const [oldest] = this.#former;
    if (oldest !== undefined) this.#former.delete(oldest);
  }

  /** All clients that are known: the connected ones first, then those that left last. */
  get all(): ClientRecord[] {
    return [...this.#connected, ...[...this.#former].reverse()];
  }

  #lastFormer(address: string): ClientRecord | undefined {
    let found: ClientRecord | undefined;
    for (const record of this.#former) if (record.address === address) found = record;
    return found;
  }
}

/** All outcomes, none of which has happened. */
function noOutcomes(): Record<Outcome, number> {
  return {
    ...{ answers: 0, cacheHits: 0, joined: 0, sent: 0, timeouts: 0, linkLost: 0, noPath: 0, queueFull: 0 },
    ...{ unitSilent: 0, refused: 0, abandoned: 0 },
  };
}

/** Requests that failed, for whatever reason. */
export function failuresOf(outcomes: Readonly<Record<Outcome, number>>): number {
  return FAILURES.reduce((sum, failure) => sum + outcomes[failure], 0);
}

/** Requests that have not ended yet. */
export function openOf(requests: number, outcomes: Readonly<Record<Outcome, number>>): number {
  return OUTCOME_NAMES.reduce((open, outcome) => open - outcomes[outcome], requests);
}
