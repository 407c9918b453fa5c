/**
 * Waiting items of several owners. First come, first served among the owners, and each owner's items in their order; an
 * owner whose item was taken stands at the end again, so none with many items keeps the others waiting.
 */
export class FairQueue<Owner, Item> {
  readonly #queues = new Map<Owner, Item[]>();
  #size = 0;

  /** Items of all owners. */
  get size(): number {
    return this.#size;
  }

  /** Items of one owner. */
  sizeOf(owner: Owner): number {
    return this.#queues.get(owner)?.length ?? 0;
  }

  /** Puts an item behind the others of its owner. */
  push(owner: Owner, item: Item): void {
    const queue = this.#queues.get(owner);
    if (queue === undefined) this.#queues.set(owner, [item]);
    else queue.push(item);
    this.#size += 1;
  }

  /** Puts an item that was taken before its time back in front of everything. */
  putBack(owner: Owner, item: Item): void {
    const others = [...this.#queues].filter(([other]) => other !== owner);
    const own = this.#queues.get(owner) ?? [];
    this.#queues.clear();
    this.#queues.set(owner, [item, ...own]);
    for (const [other, queue] of others) this.#queues.set(other, queue);
    this.#size += 1;
  }

  /**
   * Takes the next item.
   *
   * @param mayTake asked for the first item of each owner in turn, until it says yes
   */
  take(mayTake: (owner: Owner, item: Item) => boolean): { owner: Owner; item: Item } | undefined {
    for (const [owner, queue] of this.#queues) {
      const [item] = queue;
      if (item === undefined || !mayTake(owner, item)) continue;
      queue.shift();
      this.#size -= 1;
      this.#queues.delete(owner);
      if (queue.length > 0) this.#queues.set(owner, queue);
      return { owner, item };
    }
    return undefined;
  }

  /** Puts other items in the places of those that wait. */
  change(change: (item: Item) => Item): void {
    for (const [owner, queue] of this.#queues) this.#queues.set(owner, queue.map(change));
  }

  /** Gives up all items of an owner, and returns them. */
  remove(owner: Owner): Item[] {
    const queue = this.#queues.get(owner) ?? [];
    this.#queues.delete(owner);
    this.#size -= queue.length;
    return queue;
  }
}
