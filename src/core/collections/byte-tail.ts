const NOTHING = Buffer.alloc(0);
const LEAST_ROOM = 64;

/**
 * The beginning of a message whose end has not come yet: copied, because the chunk it came in is not ours to keep. It grows by
 * doubling, so that a message which comes byte by byte is not copied once per byte.
 */
export class ByteTail {
  #room = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view; good until the next call. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  append(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(LEAST_ROOM, this.#room.length * 2, length));
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    bytes.copy(this.#room, this.#length);
    this.#length = length;
  }

  /** Gives all of it away: these bytes are not written to again. */
  take(): Buffer {
    const { bytes } = this;
    this.#room = NOTHING;
    this.#length = 0;
    return bytes;
  }

  /** Gives all of it away with more bytes behind; these as they are when there is nothing before them. */
  takeWith(bytes: Buffer): Buffer {
    if (this.#length === 0) return bytes;
    this.append(bytes);
    return this.take();
  }
}
