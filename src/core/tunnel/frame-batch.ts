import { HEADER, writeDataHeader } from "./frames.js";

/** Most bytes of frames that go out together: a write to the kernel costs as much as some ten thousand bytes, and wakes the reader up. */
export const BATCH_BYTES = 262_144;
const SMALL_BATCH_BYTES = 16_384;

/**
 * Frames that go out in one write. Their memory is used again for the next batch: whoever writes one waits until the kernel has taken it
 * before he adds to the next. (Frames beside others in memory of their own would cost a copy, too, and garbage.)
 */
export class FrameBatch {
  /** None, small or large, as the link needs it. */
  #memory: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Whether a DATA frame with so many bytes fits in. One always fits into an empty batch. */
  fits(bytes: number): boolean {
    return this.#length === 0 || this.#length + HEADER + bytes <= BATCH_BYTES;
  }

  /** Adds a DATA frame. Returns its bytes, header included. */
  addData(client: number, bytes: Buffer): number {
    const memory = this.#room(HEADER + bytes.length);
    writeDataHeader(memory, client, bytes.length);
    bytes.copy(memory, HEADER);
    return this.#added(HEADER + bytes.length);
  }

  /** Adds any frame. Returns its bytes. */
  add(frame: Buffer): number {
    frame.copy(this.#room(frame.length));
    return this.#added(frame.length);
  }

  /** The frames, in the order in which they were added. The batch is empty then. */
  take(): Buffer {
    const bytes = this.#memory.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Memory for so many bytes more. */
  #room(bytes: number): Buffer {
    const length = this.#length + bytes;
    if (length > this.#memory.length) {
      const size = length <= SMALL_BATCH_BYTES ? SMALL_BATCH_BYTES : Math.max(BATCH_BYTES, length);
      const memory = Buffer.allocUnsafeSlow(size);
      this.#memory.copy(memory, 0, 0, this.#length);
      this.#memory = memory;
    }
    return this.#memory.subarray(this.#length, length);
  }

  #added(bytes: number): number {
    this.#length += bytes;
    return bytes;
  }
}
