/** Times seen, counted in classes. Milliseconds. */
export interface HistogramStatus {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Times above the last bound and up to this one; the last has no bound. */
  readonly classes: readonly { readonly upToMs: number | null; readonly count: number }[];
}

/** From what is quick for a request within one machine to what an engine is given in all (5 s). */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Counts how long things took. */
export class Histogram {
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

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
