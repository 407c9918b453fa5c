/** So many replacements may follow each other at once: a client that is restarted some times in a row gets in each time. */
const BURST = 10;
/** From then on one in this time. Two programs that connect anew at once would do nothing but replace each other. */
const EACH_MS = 30_000;

/** Limits how often clients of one line replace each other. Times are milliseconds of a clock that never jumps. */
export class ReplacementRate {
  #left = BURST;
  #filledAt = 0;

  /** Whether one more replacement may be made now; then it counts. */
  take(now: number): boolean {
    const more = Math.floor((now - this.#filledAt) / EACH_MS);
    this.#filledAt = this.#left + more >= BURST ? now : this.#filledAt + more * EACH_MS;
    this.#left = Math.min(BURST, this.#left + more);
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
