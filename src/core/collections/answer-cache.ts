const MAX_KEPT = 1000; // answers of some hundred bytes

/** The last answers to reads, for as long as they may be given again; writes make them void. */
export class AnswerCache {
  readonly #ms: number;
  readonly #answers = new Map<string, { readonly bytes: Buffer; readonly until: number }>();
  #writes = 0;

  /** @param ms how long an answer may be given again; 0: never */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Changes with every write: an answer that was asked for before a write is not kept after it. */
  get generation(): number {
    return this.#writes;
  }

  /** The answer to a read with this key, if it is fresh. */
  find(key: string, now: number): Buffer | undefined {
    const found = this.#answers.get(key);
    return found !== undefined && now < found.until ? found.bytes : undefined;
  }

  /**
   * Keeps an answer.
   *
   * @param writes {@link writes} when it was asked for
   */
  store(key: string, bytes: Buffer, writes: number, now: number): void {
    if (this.#ms === 0 || writes !== this.#writes) return;
    this.#answers.delete(key);
    this.#answers.set(key, { bytes: Buffer.from(bytes), until: now + this.#ms });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_KEPT && oldest !== undefined) this.#answers.delete(oldest);
  }

  /** Something is being written, or has been; or the device tells that something has changed. */
  invalidate(): void {
    this.#writes += 1;
    this.#answers.clear();
  }
}
