const NOTHING = Buffer.alloc(0);
const MIN_ROOM = 64;

/**
 * A copy of the beginning of a message: the chunk that it came in is lent. The copy grows by doubling, so a message that comes byte by byte
 * is not copied once per byte.
 */
export class ByteTail {
  #room = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view that is valid until the next call. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  append(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(MIN_ROOM, this.#room.length * 2, length));
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    bytes.copy(this.#room, this.#length);
    this.#length = length;
  }

  /** Removes and returns all bytes. Nothing writes to them again. */
  take(): Buffer {
    const { bytes } = this;
    this.#room = NOTHING;
    this.#length = 0;
    return bytes;
  }

  /** Removes and returns all bytes with `bytes` behind them: without a copy where the tail is empty. */
  takeWith(bytes: Buffer): Buffer {
    if (this.#length === 0) return bytes;
    this.append(bytes);
    return this.take();
  }
}
