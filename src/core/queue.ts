/** First come, first served; each may leave before its turn. Every step takes the same time, however many wait. */
export class Queue<T> {
  readonly #members = new Set<T>();
  /** Goes through the members once, the later ones included: to begin anew each time would pass all who have gone, again and again. */
  #turns = this.#members.values();

  get size(): number {
    return this.#members.size;
  }

  /** Puts one at the end; one that waits already keeps its place. */
  push(member: T): void {
    this.#members.add(member);
  }

  /** Takes one out before its turn. Returns whether it was there. */
  delete(member: T): boolean {
    return this.#members.delete(member);
  }

  /** Takes the one whose turn it is. */
  take(): T | undefined {
    let turn = this.#turns.next();
    if (turn.done) {
      this.#turns = this.#members.values(); // one that has come to its end stays there
      turn = this.#turns.next();
    }
    if (turn.done) return undefined;
    this.#members.delete(turn.value);
    return turn.value;
  }

  clear(): void {
    this.#members.clear();
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#members;
  }
}
