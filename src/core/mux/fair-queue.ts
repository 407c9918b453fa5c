import { Deque, type Place } from "../collections/deque.js";
import { Heap, type Ranked } from "../collections/heap.js";

/** What may be done with the first item of an owner: take it, leave it until there is room, or until the owner is called. */
export type Verdict = "take" | "no room" | "not now";

/** An owner whose items wait. */
interface Party<Owner, Item> extends Ranked {
  readonly owner: Owner;
  readonly items: Deque<Item>;
  /** Its turn: the lowest goes first. */
  rank: number;
}

/**
 * Waiting items of several owners. First come, first served among the owners, and each owner's items in their order; an
 * owner whose item was taken stands at the end again, so none with many items keeps the others waiting. An owner that may not
 * go now keeps its place, and is not asked again before that may have changed: however many wait, each step costs little.
 */
export class FairQueue<Owner, Item> {
  readonly #parties = new Map<Owner, Party<Owner, Item>>();
  /** Those to be asked. */
  readonly #ready = new Heap<Party<Owner, Item>>();
  /** Those that wait for room. */
  readonly #roomless = new Heap<Party<Owner, Item>>();
  #size = 0;
  #lastTurn = 0;
  #firstTurn = 0;

  /** Items of all owners. */
  get size(): number {
    return this.#size;
  }

  /** Owners that wait for room. */
  get roomless(): number {
    return this.#roomless.size;
  }

  /** Items of one owner. */
  sizeOf(owner: Owner): number {
    return this.#parties.get(owner)?.items.size ?? 0;
  }

  /** Puts an item behind the others of its owner. Its value may be changed where it stands; {@link call} the owner then. */
  push(owner: Owner, item: Item): Place<Item> {
    this.#size += 1;
    return this.#partyOf(owner).items.push(item);
  }

  /** Puts an item that was taken before its time back in front of everything. */
  putBack(owner: Owner, item: Item): Place<Item> {
    const party = this.#partyOf(owner);
    this.#setAside(party);
    this.#firstTurn -= 1;
    party.rank = this.#firstTurn;
    this.#ready.add(party);
    this.#size += 1;
    return party.items.pushFront(item);
  }

  /**
   * Takes the next item.
   *
   * @param hasRoom whether those that wait for room are asked, too
   * @param judge asked for the first item of each owner in turn, until one may be taken
   */
  take(hasRoom: boolean, judge: (owner: Owner, item: Item) => Verdict): { owner: Owner; item: Item } | undefined {
    let room = hasRoom;
    for (let party = this.#next(room); party !== undefined; party = this.#next(room)) {
      const { owner, items } = party;
      const item = items.first as Item; // a party has one
      const verdict = judge(owner, item);
      this.#setAside(party);
      if (verdict === "no room") {
        this.#roomless.add(party);
        room = false;
      }
      if (verdict !== "take") continue;
      items.take();
      this.#size -= 1;
      this.#lastTurn += 1;
      party.rank = this.#lastTurn;
      if (items.size > 0) this.#ready.add(party);
      else this.#parties.delete(owner);
      return { owner, item };
    }
    return undefined;
  }

  /** Has an owner asked again: what kept it may have changed. */
  call(owner: Owner): void {
    const party = this.#parties.get(owner);
    if (party === undefined || this.#ready.has(party)) return;
    this.#roomless.remove(party);
    this.#ready.add(party);
  }

  /** Gives up all items of an owner, and returns them. */
  remove(owner: Owner): Iterable<Item> {
    const party = this.#parties.get(owner);
    if (party === undefined) return [];
    this.#setAside(party);
    this.#parties.delete(owner);
    this.#size -= party.items.size;
    return party.items;
  }

  #partyOf(owner: Owner): Party<Owner, Item> {
    const known = this.#parties.get(owner);
    if (known !== undefined) return known;
    this.#lastTurn += 1;
    const party = { owner, items: new Deque<Item>(), rank: this.#lastTurn, index: -1 };
    this.#parties.set(owner, party);
    this.#ready.add(party);
    return party;
  }

  #next(hasRoom: boolean): Party<Owner, Item> | undefined {
    const ready = this.#ready.first;
    const roomless = hasRoom ? this.#roomless.first : undefined;
    if (ready === undefined || roomless === undefined) return ready ?? roomless;
    return ready.rank < roomless.rank ? ready : roomless;
  }

  #setAside(party: Party<Owner, Item>): void {
    this.#ready.remove(party);
    this.#roomless.remove(party);
  }
}
