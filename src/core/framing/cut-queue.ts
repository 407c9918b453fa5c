import type { Cut, Framing } from "./framing.js";

/** Bytes to cut at once. The slowest framing takes 4 ms for them (bare Modbus RTU, if no byte belongs to a frame), the others 1 ms. */
const BITE = 8192;
const NOTHING: Buffer = Buffer.alloc(0);
const NO_CUTS: readonly Cut[] = [];

/**
 * The cuts of one direction of a stream. It cuts as the caller takes: a chunk of 200,000 messages costs little before the first of them is
 * handled, and the caller can stop between any two messages.
 */
export class CutQueue {
  #framing: Framing;
  readonly #bite: number;
  /** The cuts of the last bite. */
  #cuts = NO_CUTS;
  /** How many of {@link #cuts} are taken. */
  #taken = 0;
  /** Bytes that are not cut yet. */
  #rest = NOTHING;
  /** Number of bytes that no taken cut contains. */
  #bytes = 0;
  #ending = false;

  /** @param bite bytes to cut at once: more where messages are long and cheap to cut */
  constructor(framing: Framing, bite = BITE) {
    this.#framing = framing;
    this.#bite = bite;
  }

  /** Whether everything is taken, except for an incomplete message. */
  get empty(): boolean {
    return this.#taken === this.#cuts.length && this.#rest.length === 0 && !this.#ending;
  }

  /** Number of waiting bytes, without an incomplete message. */
  get size(): number {
    return this.#bytes - this.#framing.held;
  }

  /** Number of bytes of an incomplete message. */
  get held(): number {
    return this.#framing.held;
  }

  /** Number of waiting messages. Of a long chunk, only the messages of the last bite count. */
  get frames(): number {
    return this.#cuts.slice(this.#taken).filter(({ kind }) => kind === "frame").length;
  }

  /** Adds the next bytes of the stream. The chunk must not change before the queue is {@link empty}. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  /** Whether an incomplete message is a whole one if nothing more comes for a while. */
  get settles(): boolean {
    return this.#framing.settles ?? false;
  }

  /** Nothing has come for a while: the message that {@link settles} is the next cut. Everything before it is taken. */
  settle(): void {
    this.#cuts = this.#framing.settle?.() ?? NO_CUTS;
    this.#taken = 0;
  }

  /** The peer gets this message now. */
  expect(request: Buffer): void {
    this.#framing.expect?.(request);
  }

  /** The stream has ended: an incomplete message becomes the last cut. */
  end(): void {
    this.#ending = true;
  }

  /** The next cut; undefined when there is none. */
  peek(): Cut | undefined {
    while (this.#taken === this.#cuts.length && !this.empty) this.#cutMore();
    return this.#cuts[this.#taken];
  }

  /** Removes and returns the next cut; undefined when there is none. */
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

  /** Discards everything, and cuts the next bytes by another framing. */
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
