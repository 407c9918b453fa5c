const MAX_KEYS = 1000;
const MAX_ASKED = 100; // of one key; no more of them are under way on one connection: the others were lost

interface Asked {
  /** Asked before the write that `writes` counts, and not answered yet. */
  before: number;
  /** Asked since. */
  since: number;
  writes: number;
}

/**
 * The reads of one connection that wait for their reply. Replies carry no ids: the first one belongs to the first who asked. So a
 * read that was asked before a write, and again after it, has a first reply from before the write.
 */
export class PendingReads {
  readonly #asked = new Map<string, Asked>();

  /**
   * A read goes out.
   *
   * @param writes how many writes there have been by now
   */
  ask(key: string, writes: number): void {
    const { before = 0, since = 0, writes: last = writes } = this.#asked.get(key) ?? {};
    this.#asked.delete(key);
    if (last === writes) this.#asked.set(key, { before, since: Math.min(since + 1, MAX_ASKED), writes });
    else this.#asked.set(key, { before: Math.min(before + since, MAX_ASKED), since: 1, writes });
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MAX_KEYS && oldest !== undefined) this.#asked.delete(oldest);
  }

  /** A reply has come. Returns how many writes there had been when it was asked for; nothing when it was not, or nobody knows. */
  reply(key: string): number | undefined {
    const asked = this.#asked.get(key);
    if (asked === undefined) return undefined;
    const isFromBefore = asked.before > 0;
    if (isFromBefore) asked.before -= 1;
    else asked.since -= 1;
    if (asked.before + asked.since === 0) this.#asked.delete(key);
    return isFromBefore ? undefined : asked.writes;
  }
}
