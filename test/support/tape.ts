import { Random } from "./random.js";

const LENGTH = 1_000_003; // a prime: no cut of a power of two, or of the tape's own length, goes unnoticed
const tape = Buffer.alloc(2 * LENGTH);
const random = new Random(1);
for (let at = 0; at < LENGTH; at += 1) tape[at] = random.between(0, 255);
tape.copy(tape, LENGTH, 0, LENGTH);

/** A stream of bytes, each depending on its place, so that a byte lost, doubled, changed or moved is noticed at once. */
export class Tape {
  readonly #start: number;
  /** How many bytes have been taken, or found right. */
  at = 0;

  /** @param key which stream: different ones differ */
  constructor(key: number) {
    this.#start = (key * 7919) % LENGTH;
  }

  /** The next `count` bytes; at most about a million. */
  take(count: number): Buffer {
    const from = (this.#start + this.at) % LENGTH;
    this.at += count;
    return tape.subarray(from, from + count);
  }

  /** Whether these are the next bytes; takes them. */
  continuesWith(chunk: Buffer): boolean {
    return this.take(chunk.length).equals(chunk);
  }
}
