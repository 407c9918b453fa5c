import { setNewest } from "./newest.js";

const MAX_ANSWERS = 1000; // of a few hundred bytes each

/** The last answers to reads, for as long as they are fresh. A write invalidates all of them. */
export class AnswerCache {
  readonly #ms: number;
  readonly #answers = new Map<string, { readonly bytes: Buffer; readonly until: number }>();
  #generation = 0;

  /** @param ms how long an answer stays fresh; 0: nothing is kept */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Changes with every write. A write that comes between a read and its answer makes this answer worthless. */
  get generation(): number {
    return this.#generation;
  }

  /** The fresh answer to the read with this key. */
  find(key: string, now: number): Buffer | undefined {
    const found = this.#answers.get(key);
    return found !== undefined && now < found.until ? found.bytes : undefined;
  }

  /**
   * Keeps a copy of an answer.
   *
   * @param generation {@link generation} when the read went out
   * @param now milliseconds of a steady clock
   */
  store(key: string, bytes: Buffer, generation: number, now: number): void {
    if (this.#ms === 0 || generation !== this.#generation) return;
    setNewest(this.#answers, key, { bytes: Buffer.from(bytes), until: now + this.#ms }, MAX_ANSWERS);
  }

  /** The state of the device changes, or has changed. */
  invalidate(): void {
    this.#generation += 1;
    this.#answers.clear();
  }
}
