import type { Cut, Framing } from "./framing.js";

/**
 * Bytes that are cut at once. The slowest framing takes 4 ms for them (bare Modbus RTU, where nothing in them is a frame), the others
 * 1 ms.
 */
const BITE = 8192;
const NOTHING: Buffer = Buffer.alloc(0);
const NO_CUTS: readonly Cut[] = [];

/**
 * The cuts of one direction of a stream, made while they are taken: nobody has to cut a chunk of 200,000 messages before the first
 * of them is dealt with, and the work can stop between any two of them.
 */
export class CutQueue {
  #framing: Framing;
  readonly #bite: number;
  /** Cuts of the last bite. */
  #cuts = NO_CUTS;
  /** So many of them have been taken. */
  #taken = 0;
  /** Bytes that have not been cut yet. */
  #rest = NOTHING;
  /** Bytes that have come and are in no cut that was taken. */
  #bytes = 0;
  #ending = false;

  /** @param bite bytes that are cut at once; more where messages are long, and cheap to cut */
  constructor(framing: Framing, bite = BITE) {
    this.#framing = framing;
    this.#bite = bite;
  }

  /** Whether everything that has come was taken, but for the beginning of a message. */
  get empty(): boolean {
    return this.#taken === this.#cuts.length && this.#rest.length === 0 && !this.#ending;
  }

  /** Bytes that wait to be taken, without the beginning of a message whose end has not come. */
  get size(): number {
    return this.#bytes - this.#framing.held;
  }

  /** Bytes of that beginning. */
  get held(): number {
    return this.#framing.held;
  }

  /** Messages that wait to be taken; of a long chunk only those of the bite at hand are known. */
  get frames(): number {
    return this.#cuts.slice(this.#taken).filter(({ kind }) => kind === "frame").length;
  }

  /** Takes what came next. The chunk must not change before the queue is {@link empty}. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  /** The stream has ended: what the framing holds becomes a cut, behind the others. */
  end(): void {
    this.#ending = true;
  }

  /** The next cut, which stays where it is; nothing when there is none. */
  peek(): Cut | undefined {
    while (this.#taken === this.#cuts.length && !this.empty) this.#cutMore();
    return this.#cuts[this.#taken];
  }

  /** Takes the next cut; nothing when there is none. */
  take(): Cut | undefined {
    const cut = this.peek();
    if (cut === undefined) return undefined;
    this.#bytes -= cut.bytes.length;
    this.#taken += 1;
    if (this.#taken === this.#cuts.length) {
      this.#cuts = NO_CUTS;
      this.#taken = 0;
    }
    return cut;
  }

  /** Gives up everything that waits, and goes on with another framing. */
  restart(framing: Framing): void {
    this.#framing = framing;
    this.#cuts = NO_CUTS;
    this.#taken = 0;
    this.#rest = NOTHING;
    this.#bytes = 0;
    this.#ending = false;
  }

  #cutMore(): void {
    this.#taken = 0;
    if (this.#rest.length > 0) {
      const bite = this.#rest.subarray(0, this.#bite);
      this.#rest = this.#rest.subarray(bite.length);
      this.#cuts = this.#framing.push(bite);
    } else {
      this.#ending = false;
      this.#cuts = this.#framing.end();
    }
  }
}
