/** An item of a heap. It can be in one heap at a time. */
export interface Ranked {
  /** Must not change while the item is in a heap. */
  readonly rank: number;
  /** Its index in the heap; below 0: the item is in no heap. */
  index: number;
}

/** Finds the item with the lowest rank at once. Adding and removing cost the logarithm of the size. */
export class Heap<T extends Ranked> {
  /** No item ranks below its parent. The parent of index i is at (i - 1) / 2, rounded down. */
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item with the lowest rank. */
  get first(): T | undefined {
    return this.#items[0];
  }

  has(item: T): boolean {
    return this.#items[item.index] === item;
  }

  /** Adds an item that is in no heap. */
  add(item: T): void {
    this.#rise(item, this.#items.length);
  }

  /** Removes an item, if it is in this heap. */
  remove(item: T): void {
    if (!this.has(item)) return;
    const { index } = item;
    item.index = -1;
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#sink(last, index);
    this.#rise(last, last.index);
  }

  /** Puts an item at an index, or nearer to the front if its rank is low. */
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

  /** Puts an item at an index, or further back if its rank is high. */
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
