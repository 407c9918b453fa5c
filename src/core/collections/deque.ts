/** Where a value stands in a {@link Deque}. */
export class Place<T> {
  /** May be changed: the new value stands where the old one did. */
  value: T;
  /** @internal */
  before: Place<T> | undefined;
  /** @internal */
  behind: Place<T> | undefined;
  /** @internal */
  standing = true;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * A queue with two ends. Each operation costs the same however long the queue is, other than `shift()` of an array, which moves
 * all the rest. A value can also be removed from the middle, by its {@link Place}.
 */
export class Deque<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value at the front. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  /** Puts a value at the back. */
  push(value: T): Place<T> {
    const place = new Place(value);
    place.before = this.#last;
    if (this.#last === undefined) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#size += 1;
    return place;
  }

  /** Puts a value at the front. */
  pushFront(value: T): Place<T> {
    const place = new Place(value);
    place.behind = this.#first;
    if (this.#first === undefined) this.#last = place;
    else this.#first.before = place;
    this.#first = place;
    this.#size += 1;
    return place;
  }

  /** Takes the value at the front. */
  take(): T | undefined {
    const place = this.#first;
    if (place === undefined) return undefined;
    this.remove(place);
    return place.value;
  }

  /** Takes a value out, unless it is out already. The place must be one of this deque. */
  remove(place: Place<T>): void {
    if (!place.standing) return;
    place.standing = false;
    if (place.before === undefined) this.#first = place.behind;
    else place.before.behind = place.behind;
    if (place.behind === undefined) this.#last = place.before;
    else place.behind.before = place.before;
    place.before = undefined;
    place.behind = undefined;
    this.#size -= 1;
  }

  clear(): void {
    while (this.#first !== undefined) this.remove(this.#first);
  }

  /** From the front to the back; the deque must not change meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let place = this.#first; place !== undefined; place = place.behind) yield place.value;
  }
}
