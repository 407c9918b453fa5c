import type { ParkingOptions } from "../core/options/parking-options.js";
import { MAX_PARKED, MAX_PARKED_BYTES, MAX_PARKED_PER_CLIENT } from "../core/park/parking-rules.js";
import { atMost } from "../scheduling/waits.js";
import type { End } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { ParkableClientContext } from "./parkable-client-owner.js";
import { MOST_AHEAD } from "./read-ahead.js";
import { type ParkingName, type ParkingPlaces, RelayParking, type RelayParkingOwner } from "./relay-parking.js";

/** So long a client waits for the connection of one that has gone, while what that one has sent is still being read. */
const LEAVING_MS = 3000;

/** So long it waits for the answer to a probe of one on another machine, which may have lost its power: the kernel probes after a second of silence. */
const PROBE_MS = 1500;

/** Clients of one key that are asked whether they have gone: the last ones that came. A plugin has one or two. */
const MOST_ASKED = 10;

/** Remotes that take nothing, and whose clients are read ahead: each may cost 4 MiB. */
const MOST_READ_AHEAD = 16;

/** The connections whose clients have gone, until their clients are back. */
export class ParkingLot implements ParkingPlaces {
  readonly context: ParkableClientContext;
  /** In the order in which their clients went. */
  readonly #places = new Set<RelayParking>();
  /** By their keys: the connections whose clients have not gone, as far as they have told. */
  readonly #present = new Map<string, Set<RelayParking>>();
  /** Remotes for whom more may be kept than they take. */
  readonly #readAhead = new Set<End>();
  /** What is called when one of these goes. */
  readonly #awaited = new Map<RelayParking, Set<() => void>>();
  #bytes = 0;

  constructor(context: ParkableClientContext) {
    this.context = context;
  }

  /** Connections that are parked. */
  get count(): number {
    return this.#places.size;
  }

  /** Whether any connection is parked, or may be. */
  get isInUse(): boolean {
    return this.#places.size > 0 || this.#present.size > 0;
  }

  /** Bytes that wait in all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_PARKED_BYTES;
  }

  /** The parking of a connection whose client has not gone yet. */
  parkingOf(name: ParkingName, options: ParkingOptions, client: StreamEnd, owner: RelayParkingOwner): RelayParking {
    const parking = new RelayParking(this, name, options, client, owner);
    const others = this.#present.get(name.key);
    if (others === undefined) this.#present.set(name.key, new Set([parking]));
    else others.add(parking);
    return parking;
  }

  /** The last connection of this key whose client went, once it is known what waits for it; undefined: there is none. */
  async find(key: string): Promise<RelayParking | undefined> {
    let isSure = false;
    for (;;) {
      const parking = [...this.#places].findLast((each) => each.key === key);
      if (parking !== undefined) {
        await parking.client.settled;
        if (this.#places.has(parking)) return parking;
      } else if (isSure) return undefined;
      else {
        await this.#untilGone(key);
        isSure = true;
      }
    }
  }

  /** Waits for a client of this key whose FIN is behind bytes that are still to be read, or whose machine does not know it any more. */
  async #untilGone(key: string): Promise<void> {
    const present = [...(this.#present.get(key) ?? [])].slice(-MOST_ASKED);
    const gone = await Promise.all(present.map((each) => each.hasClientGone()));
    const leaving = present.filter((_, at) => gone[at]);
    if (leaving.length > 0) {
      leaving.at(-1)?.readToEnd();
      await this.#untilOneLeft(leaving, LEAVING_MS);
    } else {
      const probed = present.filter(({ client }) => !client.base.isPeerHere);
      for (const { client } of probed) client.base.probe(true);
      await this.#untilOneLeft(probed, PROBE_MS);
      for (const each of probed) if (!this.#awaited.has(each)) each.client.base.probe(false);
    }
  }

  roomAhead(remote: End): number {
    for (const end of this.#readAhead) if (end.gone || end.unsent === 0) this.#readAhead.delete(end);
    if (this.#readAhead.size >= MOST_READ_AHEAD && !this.#readAhead.has(remote)) return 0;
    this.#readAhead.add(remote);
    return Math.max(0, MOST_AHEAD - remote.unsent);
  }

  /** Resolves when one of these clients has gone, or their time is over. */
  async #untilOneLeft(clients: readonly RelayParking[], limitMs: number): Promise<void> {
    const hasOneLeft = clients.some((each) => this.#present.get(each.key)?.has(each) !== true);
    if (clients.length === 0 || hasOneLeft) return;
    let left = (): void => {};
    await atMost(limitMs, this.context.clock, (done) => {
      left = done;
      for (const each of clients) this.#awaited.set(each, (this.#awaited.get(each) ?? new Set()).add(done));
    });
    for (const each of clients) {
      const waits = this.#awaited.get(each);
      if (waits?.delete(left) && waits.size === 0) this.#awaited.delete(each);
    }
  }

  enter(parking: RelayParking): void {
    this.#absent(parking);
    this.#places.add(parking);
  }

  leave(parking: RelayParking): void {
    this.#absent(parking);
    this.#places.delete(parking);
  }

  #absent(parking: RelayParking): void {
    const present = this.#present.get(parking.key);
    if (present?.delete(parking) && present.size === 0) this.#present.delete(parking.key);
    for (const left of this.#awaited.get(parking) ?? []) left();
  }

  refusal({ address }: RelayParking): string | undefined {
    if (this.#places.size > MAX_PARKED) return `${MAX_PARKED} connections are parked already`;
    let ofClient = 0;
    for (const each of this.#places) if (each.address === address) ofClient += 1;
    return ofClient > MAX_PARKED_PER_CLIENT
      ? `${MAX_PARKED_PER_CLIENT} connections of this client are parked already`
      : undefined;
  }

  waitingChanged(by: number): void {
    const wasFull = this.isFull;
    this.#bytes += by;
    if (wasFull && !this.isFull) for (const { client } of this.#places) client.roomAgain();
  }
}
