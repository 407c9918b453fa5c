/** A distribution of durations in milliseconds, as STAT JSON shows it. */
export interface HistogramStatus {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Each class counts the durations above the bound of the class before and up to its own `upToMs`; the last class has no bound. */
  readonly classes: readonly { readonly upToMs: number | null; readonly count: number }[];
}

/** From a fast request within one machine to the timeout of a notification, 5 s. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Counts durations by class. */
export class Histogram {
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** @param ms a duration in milliseconds, 0 or more */
  add(ms: number): void {
    let index = 0;
    while (index < BOUNDS_MS.length && ms > (BOUNDS_MS[index] ?? 0)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  get status(): HistogramStatus {
    return {
      count: this.#count,
      sumMs: Math.round(this.#sumMs),
      maxMs: Math.round(this.#maxMs * 10) / 10,
      classes: this.#counts.map((count, index) => ({ upToMs: BOUNDS_MS[index] ?? null, count })),
    };
  }
}
