import { Deque, type Place } from "./deque.js";

/** First come, first served. A member may leave before its turn. The cost of an operation does not depend on the length. */
export class Queue<T> {
  // a Set has the same order, but finding its first member costs a step for each deleted one
  readonly #order = new Deque<T>();
  readonly #places = new Map<T, Place<T>>();

  get size(): number {
    return this.#places.size;
  }

  /** The member whose turn it is. */
  get first(): T | undefined {
    return this.#order.first;
  }

  /** Adds a member at the end. A member that waits already keeps its place. */
  push(member: T): void {
    if (!this.#places.has(member)) this.#places.set(member, this.#order.push(member));
  }

  /** Removes a member before its turn. Returns whether it was there. */
  delete(member: T): boolean {
    const place = this.#places.get(member);
    if (place === undefined) return false;
    this.#order.remove(place);
    return this.#places.delete(member);
  }

  /** Removes and returns the member whose turn it is. */
  take(): T | undefined {
    const member = this.#order.take();
    if (member !== undefined) this.#places.delete(member);
    return member;
  }

  clear(): void {
    this.#places.clear();
    this.#order.clear();
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#order[Symbol.iterator]();
  }
}
