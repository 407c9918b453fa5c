/** What can be in a heap: in one at a time. */
export interface Ranked {
  /** Must not change while it is in. */
  readonly rank: number;
  /** Where the heap keeps it; below 0: in none. */
  index: number;
}

/** Things of different rank: the one of the lowest rank is found at once, adding and removing cost the logarithm of the size. */
export class Heap<T extends Ranked> {
  /** None ranks below its parent, which is at half its index. */
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item of the lowest rank. */
  get first(): T | undefined {
    return this.#items[0];
  }

  has(item: T): boolean {
    return this.#items[item.index] === item;
  }

  /** Adds an item, which is in no heap. */
  add(item: T): void {
    this.#rise(item, this.#items.length);
  }

  /** Removes an item, if it is in. */
  remove(item: T): void {
    if (!this.has(item)) return;
    const { index } = item;
    item.index = -1;
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#sink(last, index);
    this.#rise(last, last.index);
  }

  /** Puts an item at an index, or nearer to the front, where its rank wants it. */
  #rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#items[above] as T;
      if (parent.rank <= item.rank) break;
      this.#put(parent, index);
      index = above;
    }
    this.#put(item, index);
  }

  /** Puts an item at an index, or further back, where its rank wants it. */
  #sink(item: T, from: number): void {
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      let child = this.#items[below];
      const other = this.#items[below + 1];
      if (child !== undefined && other !== undefined && other.rank < child.rank) {
        child = other;
        below += 1;
      }
      if (child === undefined || item.rank <= child.rank) break;
      this.#put(child, index);
      index = below;
    }
    this.#put(item, index);
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    item.index = index;
  }
}
