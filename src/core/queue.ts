interface Place<T> {
  readonly member: T;
  before: Place<T> | undefined;
  behind: Place<T> | undefined;
}

/** First come, first served; each may leave before its turn. Every step takes the same time, however many wait. */
export class Queue<T> {
  // the order of a Set would do, but to find its first member costs a step for each that has gone
  readonly #places = new Map<T, Place<T>>();
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get size(): number {
    return this.#places.size;
  }

  /** Puts one at the end; one that waits already keeps its place. */
  push(member: T): void {
    if (this.#places.has(member)) return;
    const place: Place<T> = { member, before: this.#last, behind: undefined };
    this.#places.set(member, place);
    if (this.#last === undefined) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
  }

  /** Takes one out before its turn. Returns whether it was there. */
  delete(member: T): boolean {
    const place = this.#places.get(member);
    if (place === undefined) return false;
    const { before, behind } = place;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    return this.#places.delete(member);
  }

  /** Takes the one whose turn it is. */
  take(): T | undefined {
    const member = this.#first?.member;
    if (member !== undefined) this.delete(member);
    return member;
  }

  clear(): void {
    this.#places.clear();
    this.#first = undefined;
    this.#last = undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let place = this.#first; place !== undefined; place = place.behind) yield place.member;
  }
}
