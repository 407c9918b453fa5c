import { backoffMs } from "./backoff.js";

const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
/** A connection that has lasted so long was a good one. */
export const GOOD_MS = 10_000;

/** The pauses before a connection that is to be there always is made anew: they grow, from 1 s to 30 s, until one was good. */
export class RetryPause {
  /** Connections in a row that were not good, and attempts to make one. */
  #failures = 0;

  /**
   * A connection has ended, or an attempt to make one.
   *
   * @param lastedMs 0: it was never there
   * @param random a number from 0 (inclusive) to 1 (exclusive)
   * @returns milliseconds until the next attempt
   */
  behind(lastedMs: number, random: number): number {
    this.#failures = lastedMs >= GOOD_MS ? 1 : this.#failures + 1;
    return backoffMs(BACKOFF, this.#failures, random);
  }

  /** A connection has done what it was there for, however short it was. */
  reset(): void {
    this.#failures = 0;
  }
}
