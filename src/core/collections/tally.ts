/** How many there are of each. */
export class Tally<T> {
  readonly #counts = new Map<T, number>();

  /** How many different ones there are. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: T): number {
    return this.#counts.get(key) ?? 0;
  }

  /** One more. */
  add(key: T): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  /** One less. */
  remove(key: T): void {
    const rest = this.of(key) - 1;
    if (rest > 0) this.#counts.set(key, rest);
    else this.#counts.delete(key);
  }

  /** Those of which there is one at least. */
  keys(): Iterable<T> {
    return this.#counts.keys();
  }
}
