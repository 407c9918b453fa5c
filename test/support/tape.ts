import { Random } from "./random.js";

const LENGTH = 1_000_003; // a prime: a gap of a power of two, or of the length of the tape, does not go unnoticed
const tape = Buffer.alloc(2 * LENGTH);
const random = new Random(1);
for (let at = 0; at < LENGTH; at += 1) tape[at] = random.between(0, 255);
tape.copy(tape, LENGTH, 0, LENGTH);

/** A stream of bytes that depend on their position: a lost, doubled, changed or moved byte shows at once. */
export class Tape {
  readonly #start: number;
  /** The number of bytes taken or checked so far. */
  at = 0;

  /** @param key selects the stream: different keys make different bytes */
  constructor(key: number) {
    this.#start = (key * 7919) % LENGTH;
  }

  /** The next `count` bytes; at most about a million. */
  take(count: number): Buffer {
    const from = (this.#start + this.at) % LENGTH;
    this.at += count;
    return tape.subarray(from, from + count);
  }

  /** Whether these are the next bytes; moves behind them. */
  continuesWith(chunk: Buffer): boolean {
    return this.take(chunk.length).equals(chunk);
  }
}
