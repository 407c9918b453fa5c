import { setNewest } from "../collections/newest.js";
import { addressBytes } from "../net/address-bytes.js";

const IPV6_BYTES = 16;
const NETWORK_BYTES = 8;

/** Addresses that are known; of more, the one that failed longest ago is forgotten. An entry takes 200 bytes. */
const MAX_ADDRESSES = 1000;

/** Wrong logins of one address. `tries` are left at the time `at`; they grow with time. */
interface Tries {
  readonly tries: number;
  readonly at: number;
}

/** How many wrong logins are free, and how often there may be another one then. */
export interface Budget {
  readonly freeTries: number;
  readonly tryMs: number;
}

/** A person mistypes a few times. */
export const OF_ONE: Budget = { freeTries: 10, tryMs: 10_000 };
/** Those behind a proxy have its address. */
export const OF_PROXY: Budget = { freeTries: 100, tryMs: 1000 };

/** Limits how fast a password can be guessed: by address, so that nobody waits for the guesses of another one. */
export class LoginLimit {
  readonly #budget: Budget;
  readonly #addresses = new Map<string, Tries>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * How long this address has to wait for its next try, in milliseconds; 0: it need not.
   *
   * @param now in milliseconds
   */
  waitMs(address: string, now: number): number {
    const left = this.#left(networkOf(address), now);
    return left >= 1 ? 0 : Math.ceil((1 - left) * this.#budget.tryMs);
  }

  /** The login was wrong. */
  failed(address: string, now: number): void {
    const network = networkOf(address);
    const tries = this.#left(network, now) - 1;
    setNewest(this.#addresses, network, { tries, at: now }, MAX_ADDRESSES);
  }

  #left(network: string, now: number): number {
    const { freeTries, tryMs } = this.#budget;
    const known = this.#addresses.get(network);
    return known === undefined ? freeTries : Math.min(freeTries, known.tries + (now - known.at) / tryMs);
  }
}

/** Of IPv6, the network of 64 bits: whoever has one address of it has them all (RFC 7381, section 2.1; RFC 6177). */
function networkOf(address: string): string {
  const bytes = addressBytes(address);
  return bytes?.length === IPV6_BYTES ? bytes.slice(0, NETWORK_BYTES).join(".") : address;
}
