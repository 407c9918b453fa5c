import type { ParkingOptions } from "../core/options/parking-options.js";
import { MAX_PARKED, MAX_PARKED_BYTES, MAX_PARKED_PER_CLIENT } from "../core/park/parking-rules.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { ParkableClientContext } from "./parkable-client.js";
import { type ParkingName, type ParkingPlaces, RelayParking, type RelayParkingOwner } from "./relay-parking.js";

/** A connection whose client has gone. */
export type ParkedPlace = Pick<RelayParking, "key" | "address" | "remote" | "handOver"> & {
  readonly client: Pick<RelayParking["client"], "settled" | "roomAgain">;
};

/** The connections whose clients have gone, until their clients are back. */
export class ParkingLot implements ParkingPlaces {
  readonly context: ParkableClientContext;
  /** In the order in which their clients went. */
  readonly #places = new Set<ParkedPlace>();
  #bytes = 0;

  constructor(context: ParkableClientContext) {
    this.context = context;
  }

  /** Connections that are parked. */
  get count(): number {
    return this.#places.size;
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
    return new RelayParking(this, name, options, client, owner);
  }

  /** The last connection of this key whose client went, once it is known what waits for it; undefined: there is none. */
  async find(key: string): Promise<ParkedPlace | undefined> {
    for (;;) {
      const parking = [...this.#places].findLast((each) => each.key === key);
      if (parking === undefined) return undefined;
      await parking.client.settled;
      if (this.#places.has(parking)) return parking;
    }
  }

  enter(parking: ParkedPlace): void {
    this.#places.add(parking);
  }

  leave(parking: ParkedPlace): void {
    this.#places.delete(parking);
  }

  refusal({ address }: ParkedPlace): string | undefined {
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
