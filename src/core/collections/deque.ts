/** The place of a value in a {@link Deque}. */
export class Place<T> {
  /** Assign to replace the value. */
  value: T;
  /** @internal */
  before: Place<T> | undefined;
  /** @internal */
  behind: Place<T> | undefined;
  /** @internal */
  isPresent = true;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * A queue with two ends. The cost of an operation does not depend on the length: `shift()` of an array moves all the rest. A value in the
 * middle can be removed by its {@link Place}.
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

  /** The value at the back. */
  get last(): T | undefined {
    return this.#last?.value;
  }

  /** Adds a value at the back. */
  push(value: T): Place<T> {
    const place = new Place(value);
    place.before = this.#last;
    if (this.#last === undefined) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#size += 1;
    return place;
  }

  /** Adds a value at the front. */
  pushFront(value: T): Place<T> {
    const place = new Place(value);
    place.behind = this.#first;
    if (this.#first === undefined) this.#last = place;
    else this.#first.before = place;
    this.#first = place;
    this.#size += 1;
    return place;
  }

  /** Removes and returns the value at the back. */
  takeBack(): T | undefined {
    const place = this.#last;
    if (place !== undefined) this.remove(place);
    return place?.value;
  }

  /** Removes and returns the value at the front. */
  take(): T | undefined {
    const place = this.#first;
    if (place === undefined) return undefined;
    this.remove(place);
    return place.value;
  }

  /** Removes the value at a place of this deque, unless it is removed already. */
  remove(place: Place<T>): void {
    if (!place.isPresent) return;
    place.isPresent = false;
    if (place.before === undefined) this.#first = place.behind;
    else place.before.behind = place.behind;
    if (place.behind === undefined) this.#last = place.before;
    else place.behind.before = place.before;
    place.before = undefined;
    place.behind = undefined;
    this.#size -= 1;
  }

  /** Iterates from a place of this deque to the front, the value at the place left out. The deque must not change meanwhile. */
  *ahead(place: Place<T>): Generator<T> {
    for (let other = place.before; other !== undefined; other = other.before) yield other.value;
  }

  clear(): void {
    while (this.#first !== undefined) this.remove(this.#first);
  }

  /** Iterates from front to back. The deque must not change meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let place = this.#first; place !== undefined; place = place.behind) yield place.value;
  }
}
