/**
 * Bytes are copied into blocks of this size: most writes of a link, 64 KiB and more, lie in one. Of a block that is not full, the rest costs
 * nothing.
 */
const BLOCK = 1_048_576;
/** Empty blocks that are kept for later bytes: a fast link fills and empties so many between two acknowledgements. */
const MAX_SPARES = 2;
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * The last bytes of a stream, by their offsets in it: those that were written and are not acknowledged. Offset 0 is the first byte of
 * the stream. The owner bounds them: it looks at {@link size}.
 */
export class KeptBytes {
  readonly #blocks: Buffer[] = [];
  readonly #spares: Buffer[] = [];
  /** The offset of the first byte of the first block. */
  #blocksFrom = 0;
  #from = 0;
  #to = 0;

  /** The offset of the first byte that is kept. */
  get from(): number {
    return this.#from;
  }

  /** The offset behind the last byte. */
  get to(): number {
    return this.#to;
  }

  /** Number of bytes. */
  get size(): number {
    return this.#to - this.#from;
  }

  /** Adds a copy of these bytes: the argument may be lent. */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const used = (this.#to - this.#blocksFrom) % BLOCK;
      if (this.#blocksFrom + this.#blocks.length * BLOCK === this.#to) this.#addBlock();
      const copied = bytes.copy(this.#blocks.at(-1) as Buffer, used, at);
      this.#to += copied;
      at += copied;
    }
  }

  /**
   * Some of the bytes, in one piece of memory. It stays as it is until they are dropped.
   *
   * @param offset of the first one; from {@link from} to {@link to}
   * @param most number of bytes
   */
  at(offset: number, most: number): Buffer {
    const index = offset - this.#blocksFrom;
    const block = this.#blocks[Math.floor(index / BLOCK)];
    const start = index % BLOCK;
    return block === undefined
      ? EMPTY
      : block.subarray(start, Math.min(BLOCK, start + this.#to - offset, start + most));
  }

  /**
   * Drops the bytes before an offset.
   *
   * @param offset from {@link from} to {@link to}
   */
  dropUpTo(offset: number): void {
    this.#from = offset;
    const blocks = this.#blocks.splice(0, Math.floor((offset - this.#blocksFrom) / BLOCK));
    this.#blocksFrom += blocks.length * BLOCK;
    this.#spares.push(...blocks.slice(0, MAX_SPARES - this.#spares.length));
  }

  #addBlock(): void {
    this.#blocks.push(this.#spares.pop() ?? Buffer.allocUnsafeSlow(BLOCK));
  }
}
