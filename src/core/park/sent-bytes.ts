import { ByteQueue } from "../collections/byte-queue.js";

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * The bytes that a client was sent and has not acknowledged, and those that wait for it, by their offsets in the stream. Offset 0 is the
 * first byte. The owner bounds them: it looks at {@link size}.
 */
export class SentBytes {
  /** The offset of the first byte that is kept. */
  from = 0;
  #head = NOTHING;
  readonly #rest = new ByteQueue();

  /** Number of bytes that are kept. */
  get size(): number {
    return this.#head.length + this.#rest.size;
  }

  /** Adds a copy of these bytes: the argument may be lent. */
  push(bytes: Buffer): void {
    this.#rest.push(bytes);
  }

  /** Forgets the bytes before an offset. One that is forgotten already changes nothing. */
  dropUpTo(offset: number): void {
    let count = Math.min(offset - this.from, this.size);
    while (count > 0) {
      if (this.#head.length === 0) this.#head = this.#rest.take() ?? NOTHING;
      const dropped = Math.min(count, this.#head.length);
      this.#head = this.#head.subarray(dropped);
      this.from += dropped;
      count -= dropped;
    }
  }

  /** All bytes, which stay. */
  get all(): Buffer {
    const { from } = this;
    const bytes = this.takeAll();
    this.from = from;
    this.#rest.push(bytes);
    return bytes;
  }

  /** Removes and returns the first bytes; `most`: how many at most. */
  take(most: number): Buffer {
    if (this.#head.length === 0) this.#head = this.#rest.take() ?? NOTHING;
    const bytes = this.#head.subarray(0, most);
    this.#head = this.#head.subarray(bytes.length);
    this.from += bytes.length;
    return bytes;
  }

  /** Removes and returns all bytes. */
  takeAll(): Buffer {
    const all = this.#head.length === 0 ? this.#rest.takeAll() : Buffer.concat([this.#head, this.#rest.takeAll()]);
    this.#head = NOTHING;
    this.from += all.length;
    return all;
  }
}
