import { ByteTail } from "./byte-tail.js";
import { Deque } from "./deque.js";

/** Shorter pieces are joined: a Buffer of its own for each would cost more than its bytes. */
const LARGE = 4096;
/** Joined pieces of this size are not extended further. */
const TOGETHER = 16_384;

/**
 * A queue of bytes. It costs about twice the memory of its bytes, however short the pieces are, and taking from it does not move the bytes
 * behind.
 */
export class ByteQueue {
  /** Number of waiting bytes. */
  size = 0;
  readonly #pieces = new Deque<Buffer>();
  /** Short pieces behind {@link #pieces}. */
  readonly #tail = new ByteTail();

  /** Adds a copy of these bytes: the argument may be lent. */
  push(bytes: Buffer): void {
    this.size += bytes.length;
    if (bytes.length < LARGE) {
      this.#tail.append(bytes);
      if (this.#tail.length >= TOGETHER) this.#pieces.push(this.#tail.take());
      return;
    }
    if (this.#tail.length > 0) this.#pieces.push(this.#tail.take());
    this.#pieces.push(Buffer.from(bytes));
  }

  /** Removes and returns the first bytes; undefined when none wait. Their memory belongs to the caller. */
  take(): Buffer | undefined {
    const piece = this.#pieces.take();
    if (piece !== undefined) {
      this.size -= piece.length;
      return piece;
    }
    if (this.#tail.length === 0) return undefined;
    this.size = 0;
    return this.#tail.take();
  }

  /** Removes and returns all bytes. */
  takeAll(): Buffer {
    const all: Buffer[] = [];
    for (let piece = this.take(); piece !== undefined; piece = this.take()) all.push(piece);
    const [only] = all;
    return all.length === 1 && only !== undefined ? only : Buffer.concat(all);
  }

  /** Discards all bytes. */
  clear(): void {
    this.#pieces.clear();
    this.#tail.take();
    this.size = 0;
  }
}
