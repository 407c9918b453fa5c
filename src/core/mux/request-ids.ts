/** Most ids that wait for late answers. An answer later than so many others does not come any more. */
const MAX_ABANDONED = 100;
/** Most requests whose answers may come late, or once more; and no more than this part of all ids. */
const MAX_RECENT = 100;
const RECENT_PART = 1 / 16;

/** The ids of requests on one connection, from 0 on. The id of an abandoned request is not used again while its answer may still come. */
export class RequestIds {
  readonly #used: Pick<ReadonlyMap<number, unknown>, "has">;
  readonly #abandoned = new Set<number>();
  readonly #count: number;
  #last: number;
  /** How many ids up to the last one are recent. */
  #recent = 0;

  /**
   * @param used has the ids of all outstanding requests
   * @param count number of ids, more than {@link MAX_ABANDONED} and the outstanding requests together
   * @param first the id before the first one: a random one makes the ids of two connections differ
   */
  constructor(used: Pick<ReadonlyMap<number, unknown>, "has">, first: number, count = 0x10000) {
    this.#used = used;
    this.#count = count;
    this.#last = first;
  }

  /** Number of requests whose answers may come late. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** Whether one of the last requests had this id. */
  isRecent(id: number): boolean {
    return (this.#last - id + this.#count) % this.#count < this.#recent;
  }

  /** The id of the next request. */
  next(): number {
    do this.#last = (this.#last + 1) % this.#count;
    while (this.#used.has(this.#last) || this.#abandoned.has(this.#last));
    if (this.#recent < Math.min(MAX_RECENT, this.#count * RECENT_PART)) this.#recent += 1;
    return this.#last;
  }

  /** The request with this id got no answer in time. */
  abandon(id: number): void {
    this.#abandoned.add(id);
    const [oldest] = this.#abandoned;
    if (this.#abandoned.size > MAX_ABANDONED && oldest !== undefined) this.#abandoned.delete(oldest);
  }

  /** The late answer with this id has come. */
  answered(id: number): void {
    this.#abandoned.delete(id);
  }
}
