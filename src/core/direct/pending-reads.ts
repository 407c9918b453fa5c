import { setNewest } from "../collections/newest.js";

const MAX_KEYS = 1000;
const MAX_PER_KEY = 100; // no connection has more identical reads under way: the others were lost

interface Pending {
  /** Reads sent in an earlier generation. */
  earlier: number;
  /** Reads sent in this generation. */
  current: number;
  generation: number;
}

/**
 * The reads of one connection that wait for their reply. Replies carry no ids: the first reply belongs to the first read. So the first
 * reply to a read that went out before a write and again after it may hold the value from before the write.
 */
export class PendingReads {
  readonly #pending = new Map<string, Pending>();

  /** A read goes out. `generation`: {@link AnswerCache.generation} now. */
  sent(key: string, generation: number): void {
    const { earlier = 0, current = 0, generation: last = generation } = this.#pending.get(key) ?? {};
    const pending =
      last === generation
        ? { earlier, current: Math.min(current + 1, MAX_PER_KEY), generation }
        : { earlier: Math.min(earlier + current, MAX_PER_KEY), current: 1, generation };
    setNewest(this.#pending, key, pending, MAX_KEYS);
  }

  /** A reply has come. Returns the generation of its read; undefined when it may be an earlier one, or no read waits. */
  replied(key: string): number | undefined {
    const pending = this.#pending.get(key);
    if (pending === undefined) return undefined;
    const isEarlier = pending.earlier > 0;
    if (isEarlier) pending.earlier -= 1;
    else pending.current -= 1;
    if (pending.earlier + pending.current === 0) this.#pending.delete(key);
    return isEarlier ? undefined : pending.generation;
  }
}
