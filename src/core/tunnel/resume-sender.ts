import { KeptBytes } from "./kept-bytes.js";

/** Bytes without an acknowledgement that a sender keeps before it asks for no more. A link carries so many in one round trip at most. */
export const MAX_KEPT = 4_194_304;

/**
 * The sending side of a stream that goes over several connections, one after the other (docs/tunnel.md). It keeps what the receiver has
 * not acknowledged; the next connection goes on at the byte that the receiver wants.
 */
export class ResumeSender {
  readonly #kept = new KeptBytes();
  /** The offset behind the last byte that the connection of now has been given. */
  #given = 0;
  /** The same, over all connections. */
  #everGiven = 0;

  /** Adds a copy of these bytes to the stream. */
  write(bytes: Buffer): void {
    this.#kept.push(bytes);
  }

  /** Bytes that the receiver has, as far as it has said so. */
  get acknowledged(): number {
    return this.#kept.from;
  }

  /** Bytes that are kept. */
  get kept(): number {
    return this.#kept.size;
  }

  /** Bytes that the connection of now has not been given. */
  get waiting(): number {
    return this.#kept.to - this.#given;
  }

  /** Bytes that no connection has been given, or that are kept beyond {@link MAX_KEPT}. While there are any, nothing more should be written. */
  get excess(): number {
    return Math.max(this.#kept.to - this.#everGiven, this.#kept.size - MAX_KEPT);
  }

  /**
   * The next bytes for the connection; nothing when it has been given all of them. Their memory stays as it is until the receiver
   * acknowledges them.
   */
  take(most: number): Buffer | undefined {
    if (this.waiting === 0) return undefined;
    const bytes = this.#kept.at(this.#given, most);
    this.#given += bytes.length;
    this.#everGiven = Math.max(this.#everGiven, this.#given);
    return bytes;
  }

  /**
   * The receiver has everything before this offset.
   *
   * @returns whether that can be
   */
  acknowledge(offset: number): boolean {
    if (offset < this.#kept.from || offset > this.#given) return false;
    this.#kept.dropUpTo(offset);
    return true;
  }

  /**
   * A new connection is there.
   *
   * @param received the offset that the receiver wants to go on at
   * @returns whether the stream can go on there
   */
  restart(received: number): boolean {
    if (received < this.#kept.from || received > this.#everGiven) return false;
    this.#kept.dropUpTo(received);
    this.#given = received;
    return true;
  }
}
