import { ByteTail } from "./byte-tail.js";
import { Deque } from "./deque.js";

/** A piece that is shorter shares its memory with others: as a buffer of its own it would cost more than its bytes. */
const LARGE = 4096;
/** Short pieces are handed on together once there are so many bytes of them. */
const TOGETHER = 16_384;

/**
 * Bytes that wait for somebody who does not take them yet, in their order. They cost about twice their number, in however short pieces
 * they come, and are taken without moving those behind them.
 */
export class ByteQueue {
  /** Bytes that wait. */
  size = 0;
  readonly #pieces = new Deque<Buffer>();
  /** Short pieces behind them. */
  readonly #tail = new ByteTail();

  /** Takes a copy of what came next: it may be lent. */
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

  /** Takes the first of them; nothing when none wait. The memory belongs to the caller. */
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

  /** Takes all of them. */
  takeAll(): Buffer {
    const all: Buffer[] = [];
    for (let piece = this.take(); piece !== undefined; piece = this.take()) all.push(piece);
    const [only] = all;
    return all.length === 1 && only !== undefined ? only : Buffer.concat(all);
  }

  /** Gives up all of them. */
  clear(): void {
    this.#pieces.clear();
    this.#tail.take();
    this.size = 0;
  }
}
