/** Telegrams so close together may go out in one step: timers are not more exact. Only rates above 100/s are concerned. */
const STEP_MS = 10;

/**
 * How fast telegrams may leave: evenly spaced, after any idle time too, and never earlier. In any time there are no more than its
 * share of the rate and one; above 100 a second, and what the rate grants in 10 ms.
 *
 * Pure (generic cell rate algorithm): the caller passes the time in, milliseconds of any steady clock.
 */
export class Pace {
  readonly #gapMs: number;
  readonly #aheadMs: number;
  /** When the next one is due. */
  #due = Number.NEGATIVE_INFINITY;

  /** @param rate telegrams per second, more than 0 */
  constructor(rate: number) {
    this.#gapMs = 1000 / rate;
    this.#aheadMs = Math.max(0, Math.floor(STEP_MS / this.#gapMs) - 1) * this.#gapMs;
  }

  /** Milliseconds until the next telegram may leave; 0: it may now. */
  waitMs(now: number): number {
    return Math.max(0, this.#due - this.#aheadMs - now);
  }

  /** A telegram leaves. */
  leave(now: number): void {
    this.#due = Math.max(now, this.#due) + this.#gapMs;
  }
}
