import type { Clock } from "./clock.js";
import type { Connection } from "./connection.js";
import type { End } from "./ends/end.js";
import { streamOf } from "./ends/stream-end.js";

/** The address and port that a client comes from. */
export interface Origin {
  readonly peerAddress: string;
  readonly peerPort: number;
}

const REMEMBERED_MS = 5000; // what the daemon has written to itself is read in this time

/**
 * Ends of ours that carry for clients nobody can tell apart by them: links of shared devices, and what a tunnel's device has connected
 * to. When the daemon itself is at their other side, it takes them for clients of this machine.
 */
export class SharedCarriers {
  readonly #clock: Clock;
  /** Where they come from. */
  readonly #there = new Set<string>();
  /** Where former ones came from, and until when that is remembered; the first to be forgotten is the first. */
  readonly #gone = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One is there. */
  add(end: End): void {
    const key = keyOf(end);
    if (key !== undefined) this.#there.add(key);
  }

  /** One goes: what it has carried may not have been read yet. */
  remove(end: End): void {
    const key = keyOf(end);
    if (key === undefined || !this.#there.delete(key)) return;
    const now = this.#clock.now();
    for (const [former, until] of this.#gone) {
      if (until > now) break;
      this.#gone.delete(former);
    }
    this.#gone.delete(key);
    this.#gone.set(key, now + REMEMBERED_MS);
  }

  /** Whether a client that comes from there is one of them. */
  has({ peerAddress, peerPort }: Origin): boolean {
    const key = endpoint(peerAddress, peerPort);
    return this.#there.has(key) || (this.#gone.get(key) ?? 0) > this.#clock.now();
  }
}

function keyOf(end: End): string | undefined {
  const stream = streamOf(end);
  return stream && endpoint(stream.localAddress, stream.localPort);
}

function endpoint(address: string, port: number): string {
  return `${address} ${port}`;
}

/**
 * The connections by which a client reaches the daemon through the daemon itself (`CONN 127.0.0.1:2504`), from the last to the first.
 * Who stands at their beginning has no more rights than when it comes directly.
 */
export function carriersOf(client: Origin, connections: readonly Connection[]): readonly Connection[] {
  const carrier = connections.find(({ remote }) => {
    const ours = remote && streamOf(remote);
    return ours?.localPort === client.peerPort && ours.localAddress === client.peerAddress;
  });
  return carrier === undefined ? [] : [carrier, ...carriersOf(carrier.client, connections)];
}

/**
 * The address that a client really comes from, through the daemon itself or not; empty where that cannot be told, which is no address
 * of this machine.
 *
 * @param carriers by which it has come: {@link carriersOf}
 */
export function originOf(client: Origin, carriers: readonly Connection[], shared: SharedCarriers): string {
  const origin = carriers.at(-1)?.client ?? client;
  return shared.has(origin) ? "" : origin.peerAddress;
}
