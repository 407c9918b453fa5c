import { Deque, type Place } from "./deque.js";

/** First come, first served; each may leave before its turn. Every step takes the same time, however many wait. */
export class Queue<T> {
  // the order of a Set would do, but to find its first member costs a step for each that has gone
  readonly #line = new Deque<T>();
  readonly #places = new Map<T, Place<T>>();

  get size(): number {
    return this.#places.size;
  }

  /** The one whose turn it is. */
  get first(): T | undefined {
    return this.#line.first;
  }

  /** Puts one at the end; one that waits already keeps its place. */
  push(member: T): void {
    if (!this.#places.has(member)) this.#places.set(member, this.#line.push(member));
  }

  /** Takes one out before its turn. Returns whether it was there. */
  delete(member: T): boolean {
    const place = this.#places.get(member);
    if (place === undefined) return false;
    this.#line.remove(place);
    return this.#places.delete(member);
  }

  /** Takes the one whose turn it is. */
  take(): T | undefined {
    const member = this.#line.take();
    if (member !== undefined) this.#places.delete(member);
    return member;
  }

  clear(): void {
    this.#places.clear();
    this.#line.clear();
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#line[Symbol.iterator]();
  }
}
