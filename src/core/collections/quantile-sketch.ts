const MIN_MS = 0.1; // below this the clock and the event loop tell more than the device
const GROWTH = 1.1; // from one class to the next
const CLASSES = 172; // the last one begins at MIN_MS * GROWTH ** 170, which is 18 minutes: nothing waits so long
const LOG_GROWTH = Math.log(GROWTH);
const KEPT_MS = 300_000; // a device that answers twice a minute still has ten answers in it

/**
 * Estimates quantiles of durations, of the last five to ten minutes. Durations are counted in classes whose bounds grow by a tenth, so an
 * estimate lies within 5 % of the true value, from 0.1 ms to 18 minutes; shorter and longer ones count as these. Two sets of 172 counts,
 * whatever the number of durations. Times are those of one clock, in milliseconds.
 */
export class QuantileSketch {
  #current = new Uint32Array(CLASSES);
  #former = new Uint32Array(CLASSES);
  #startedAt: number;

  /** @param now when it begins */
  constructor(now: number) {
    this.#startedAt = now;
  }

  /** @param ms a duration, 0 or more */
  add(ms: number, now: number): void {
    this.#forget(now);
    const index = ms <= MIN_MS ? 0 : Math.min(CLASSES - 1, Math.ceil(Math.log(ms / MIN_MS) / LOG_GROWTH));
    this.#current[index] = (this.#current[index] ?? 0) + 1;
  }

  /**
   * The durations that this share of all durations does not exceed, in the order of `shares`.
   *
   * @param shares each from 0 to 1, ascending
   * @returns undefined where there are no durations
   */
  quantiles(shares: readonly number[], now: number): number[] | undefined {
    this.#forget(now);
    const counts = this.#current.map((count, index) => count + (this.#former[index] ?? 0));
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return undefined;
    let index = 0;
    let below = counts[0] ?? 0;
    return shares.map((share) => {
      const rank = Math.max(1, Math.ceil(share * total));
      while (below < rank) {
        index += 1;
        below += counts[index] ?? 0;
      }
      return middleOf(index);
    });
  }

  #forget(now: number): void {
    const ageMs = now - this.#startedAt;
    if (ageMs < KEPT_MS) return;
    const isRecent = ageMs < 2 * KEPT_MS;
    [this.#current, this.#former] = [this.#former.fill(0), isRecent ? this.#current : this.#current.fill(0)];
    this.#startedAt = now;
  }
}

/** The duration of a class whose error is the same to both of its bounds. */
function middleOf(index: number): number {
  return index === 0 ? MIN_MS : (MIN_MS * GROWTH ** index * 2) / (1 + GROWTH);
}
