/**
 * Most bytes of a greeting that are kept: a banner, a menu and the state of a panel are some kilobytes. A device that says more before anybody
 * asks does not greet, it reports; its first bytes are old news to a client that comes later.
 */
const MAX_BYTES = 65_536;

/** What a device says between the connect and the first message of a client. Clients that come later hear it, too (GREE). */
export class Greeting {
  #parts: Buffer[] = [];
  #size = 0;
  #isOver = false;

  /** Whether the next bytes of the device belong to it. */
  get isOpen(): boolean {
    return !this.#isOver && this.#size < MAX_BYTES;
  }

  /** Everything of it so far. */
  get bytes(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] ?? Buffer.alloc(0);
  }

  /** Adds bytes, which must not change afterwards: as many as there is room for. */
  add(bytes: Buffer): void {
    const part = bytes.subarray(0, MAX_BYTES - this.#size);
    this.#parts.push(part);
    this.#size += part.length;
  }

  /** A client has spoken: what comes now may be an answer. */
  end(): void {
    this.#isOver = true;
  }
}
