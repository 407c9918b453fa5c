/** Counts by key. */
export class Tally<T> {
  readonly #counts = new Map<T, number>();

  /** Number of keys whose count is above 0. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: T): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Adds 1 to the count of a key. */
  add(key: T): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  /** Subtracts 1 from the count of a key. */
  remove(key: T): void {
    const rest = this.of(key) - 1;
    if (rest > 0) this.#counts.set(key, rest);
    else this.#counts.delete(key);
  }

  /** The keys whose count is above 0. */
  keys(): Iterable<T> {
    return this.#counts.keys();
  }
}
