/** Things of different rank: the one of the lowest rank is found at once, adding and removing cost the logarithm of the size. */
export class Heap<T> {
  readonly #rank: (item: T) => number;
  /** None ranks below its parent, which is at half its index. */
  readonly #items: T[] = [];
  readonly #indices = new Map<T, number>();

  /** @param rank must not change while an item is in */
  constructor(rank: (item: T) => number) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The item of the lowest rank. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item, unless it is in already. */
  add(item: T): void {
    if (this.#indices.has(item)) return;
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Removes an item, if it is in. */
  remove(item: T): void {
    const index = this.#indices.get(item);
    if (index === undefined) return;
    this.#indices.delete(item);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#sink(last, index);
    this.#rise(last, this.#indices.get(last) ?? index);
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    this.#indices.set(item, index);
  }

  /** Puts an item at an index, or nearer to the front, where its rank wants it. */
  #rise(item: T, index: number): void {
    const above = (index - 1) >> 1;
    const parent = this.#items[above];
    if (index === 0 || parent === undefined || this.#rank(parent) <= this.#rank(item)) {
      this.#put(item, index);
      return;
    }
    this.#put(parent, index);
    this.#rise(item, above);
  }

  /** Puts an item at an index, or further back, where its rank wants it. */
  #sink(item: T, index: number): void {
    const left = 2 * index + 1;
    const [one, two] = [this.#items[left], this.#items[left + 1]];
    if (one === undefined) {
      this.#put(item, index);
      return;
    }
    const [child, at] = two !== undefined && this.#rank(two) < this.#rank(one) ? [two, left + 1] : [one, left];
    if (this.#rank(item) <= this.#rank(child)) {
      this.#put(item, index);
      return;
    }
    this.#put(child, index);
    this.#sink(item, at);
  }
}
