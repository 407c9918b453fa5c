import { canonicalAddress, isLoopback } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ParkingStatus } from "../core/status/daemon-status.js";
import { isOwnAddress } from "../system/own-addresses.js";
import type { ParkableClientContext } from "./parkable-client-owner.js";
import type { ParkingLot } from "./parking-lot.js";
import type { ParkingName } from "./relay-parking.js";

/** Where a connection is parked. */
export interface ParkingTerms extends ParkingName {
  readonly lot: ParkingLot;
}

/** The place for connections that wait for their clients (PARK). It is loaded for the first one that may be parked. */
export class Parking {
  readonly #context: ParkableClientContext;
  #lot: ParkingLot | undefined;

  constructor(context: ParkableClientContext) {
    this.#context = context;
  }

  /** Loaded before the first remote is reached that may be parked. */
  get lot(): ParkingLot {
    if (this.#lot === undefined) throw new Error("nothing is ready for parking");
    return this.#lot;
  }

  /** Whether anything is parked, or may be. */
  get isInUse(): boolean {
    return this.#lot?.isInUse === true;
  }

  /** Undefined until a connection may be parked. */
  get status(): ParkingStatus | undefined {
    return this.#lot && { connections: this.#lot.count, bytes: this.#lot.bytes };
  }

  async load(): Promise<ParkingLot> {
    const module = await import("./parking-lot.js");
    this.#lot ??= new module.ParkingLot(this.#context);
    return this.#lot;
  }
}

/** The client's address as parking knows it again: all addresses of this machine are one, unless a proxy only says so. */
export function parkingAddress({ address = "", isProxied }: Pick<ClientOrigin, "address" | "isProxied">): string {
  if (isProxied) return `${address} by a proxy`;
  return isLoopback(address) || isOwnAddress(canonicalAddress(address)) ? "here" : address;
}
