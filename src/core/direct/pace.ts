/** Telegrams that are due within this time go out together: timers are not more exact. Concerns rates above 100/s. */
const STEP_MS = 10;

/**
 * Spaces telegrams evenly, after idle time, too (RATE, docs/direct.md). No interval sees more telegrams than the rate allows for it, plus
 * one; above 100/s, plus those of 10 ms.
 *
 * Pure: the generic cell rate algorithm (ITU-T I.371). The caller passes the time in milliseconds of a steady clock.
 */
export class Pace {
  readonly #gapMs: number;
  readonly #aheadMs: number;
  /** When the next telegram is due. */
  #due = Number.NEGATIVE_INFINITY;

  /** @param rate telegrams per second, more than 0 */
  constructor(rate: number) {
    this.#gapMs = 1000 / rate;
    this.#aheadMs = Math.max(0, Math.floor(STEP_MS / this.#gapMs) - 1) * this.#gapMs;
  }

  /** Milliseconds until the next telegram may leave; 0: it may leave now. */
  waitMs(now: number): number {
    return Math.max(0, this.#due - this.#aheadMs - now);
  }

  /** A telegram leaves. */
  leave(now: number): void {
    this.#due = Math.max(now, this.#due) + this.#gapMs;
  }
}
