import { Deque, type Place } from "../collections/deque.js";
import { Heap, type Ranked } from "../collections/heap.js";

/** Whether the first item of an owner may go: now, where no item of another owner may, as soon as there is room, or not before the owner is reconsidered. */
export type Verdict = "take" | "yield" | "no room" | "not now";

/** An owner with waiting items. */
interface OwnerQueue<Owner, Item> extends Ranked {
  readonly owner: Owner;
  readonly items: Deque<Item>;
  /** The owner with the lowest rank goes first. */
  rank: number;
}

/**
 * Round robin over owners of waiting items. The items of each owner keep their order. An owner moves to the end after each item, so an
 * owner with many items does not keep the others waiting. An owner that may not go keeps its place; the queue asks about it again only
 * after {@link reconsider}, or when there is room. A step costs the logarithm of the number of owners.
 */
export class FairQueue<Owner, Item> {
  /** Of all owners until {@link remove}. An empty queue stays: a new one for each item would cost more than the rest. */
  readonly #queues = new Map<Owner, OwnerQueue<Owner, Item>>();
  /** Owners to ask about. */
  readonly #ready = new Heap<OwnerQueue<Owner, Item>>();
  /** Owners that wait for room. */
  readonly #withoutRoom = new Heap<OwnerQueue<Owner, Item>>();
  #size = 0;
  #lastRank = 0;
  #firstRank = 0;

  /** Number of items of all owners. */
  get size(): number {
    return this.#size;
  }

  /** Number of owners that wait for room. */
  get ownersWithoutRoom(): number {
    return this.#withoutRoom.size;
  }

  /** Number of items of one owner. */
  sizeOf(owner: Owner): number {
    return this.#queues.get(owner)?.items.size ?? 0;
  }

  /**
   * Puts an item behind the others of its owner.
   *
   * @returns its place: the caller may replace the item there, and {@link reconsider} the owner then
   */
  push(owner: Owner, item: Item): Place<Item> {
    this.#size += 1;
    return this.#queueOf(owner).items.push(item);
  }

  /** Puts an item in front of all items of all owners. */
  pushFront(owner: Owner, item: Item): Place<Item> {
    const queue = this.#queueOf(owner);
    this.#setAside(queue);
    this.#firstRank -= 1;
    queue.rank = this.#firstRank;
    this.#ready.add(queue);
    this.#size += 1;
    return queue.items.pushFront(item);
  }

  /**
   * Takes the next item.
   *
   * @param hasRoom whether owners that wait for room come into question, too
   * @param judge called for the first item of each owner in turn, until one may go
   */
  take(hasRoom: boolean, judge: (owner: Owner, item: Item) => Verdict): { owner: Owner; item: Item } | undefined {
    let room = hasRoom;
    const lastRank = this.#lastRank;
    for (let queue = this.#next(room); queue !== undefined; queue = this.#next(room)) {
      const { owner, items } = queue;
      const item = items.first as Item; // an empty queue is in no heap
      const verdict = judge(owner, item);
      this.#setAside(queue);
      if (verdict === "no room") {
        this.#withoutRoom.add(queue);
        room = false;
      }
      if (verdict === "yield" && queue.rank <= lastRank) {
        this.#lastRank += 1;
        queue.rank = this.#lastRank;
        this.#ready.add(queue); // comes again behind all others
        continue;
      }
      if (verdict !== "take" && verdict !== "yield") continue;
      items.take();
      this.#size -= 1;
      this.#lastRank += 1;
      queue.rank = this.#lastRank;
      if (items.size > 0) this.#ready.add(queue);
      return { owner, item };
    }
    return undefined;
  }

  /** The verdict about the owner may have changed: {@link take} asks for it again. */
  reconsider(owner: Owner): void {
    const queue = this.#queues.get(owner);
    if (queue === undefined || queue.items.size === 0 || this.#ready.has(queue)) return;
    this.#withoutRoom.remove(queue);
    this.#ready.add(queue);
  }

  /** The items of an owner in front of the one at this place, the nearest first. */
  ahead(owner: Owner, place: Place<Item>): Iterable<Item> {
    return this.#queues.get(owner)?.items.ahead(place) ?? [];
  }

  /** Removes the item at a place before its turn. The owner keeps its rank. */
  removeAt(owner: Owner, place: Place<Item>): void {
    const queue = this.#queues.get(owner);
    if (queue === undefined || !place.isPresent) return;
    queue.items.remove(place);
    this.#size -= 1;
    if (queue.items.size > 0) this.reconsider(owner);
    else this.#setAside(queue);
  }

  /** Forgets an owner; returns its items. */
  remove(owner: Owner): Iterable<Item> {
    const queue = this.#queues.get(owner);
    if (queue === undefined) return [];
    this.#setAside(queue);
    this.#queues.delete(owner);
    this.#size -= queue.items.size;
    return queue.items;
  }

  #queueOf(owner: Owner): OwnerQueue<Owner, Item> {
    let queue = this.#queues.get(owner);
    if (queue === undefined) {
      queue = { owner, items: new Deque<Item>(), rank: 0, index: -1 };
      this.#queues.set(owner, queue);
    }
    if (queue.items.size > 0) return queue;
    this.#lastRank += 1;
    queue.rank = this.#lastRank;
    this.#ready.add(queue);
    return queue;
  }

  #next(hasRoom: boolean): OwnerQueue<Owner, Item> | undefined {
    const ready = this.#ready.first;
    const waiting = hasRoom ? this.#withoutRoom.first : undefined;
    if (ready === undefined || waiting === undefined) return ready ?? waiting;
    return ready.rank < waiting.rank ? ready : waiting;
  }

  #setAside(queue: OwnerQueue<Owner, Item>): void {
    this.#ready.remove(queue);
    this.#withoutRoom.remove(queue);
  }
}
