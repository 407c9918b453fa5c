/**
 * Memory that sockets read into, without an allocation for each chunk. Every connection has a small buffer of its own, which is all that
 * an idle one costs. While its stream is dense, it borrows a larger one.
 *
 * One buffer for several sockets would be wrong: the kernel may take a part of a write only, and a read of another socket would overwrite
 * the rest.
 */

const SLAB_BYTES = 65_536;

/** Spare buffers of one size. */
class BufferPool {
  readonly size: number;
  readonly #maxKept: number;
  readonly #spares: Buffer[] = [];

  /** @param maxKept most bytes that are kept for later */
  constructor(size: number, maxKept: number) {
    this.size = size;
    this.#maxKept = maxKept;
  }

  take(): Buffer {
    if (this.#spares.length === 0) this.#allocate();
    return this.#spares.pop() as Buffer;
  }

  give(buffer: Buffer): void {
    if (this.#spares.length * this.size < this.#maxKept) this.#spares.push(buffer);
  }

  #allocate(): void {
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, this.size));
    for (let at = 0; at < slab.length; at += this.size) this.#spares.push(slab.subarray(at, at + this.size));
  }
}

/** From the buffer of an idle connection to that of a bulk transfer; larger reads cost no less CPU per byte. */
const POOLS = [
  new BufferPool(512, 8_388_608),
  new BufferPool(65_536, 2_097_152),
  new BufferPool(262_144, 2_097_152),
] as const;
/** The pool whose buffers hold any write that can become one datagram. */
const DATAGRAM_LEVEL = 1;
/** Small reads in a row after which a stream gives the middle buffer back. */
const SMALL_READS = 8;
/**
 * Most bytes of one stream in one pass of the event loop. Node goes on reading while each read fills its buffer, up to 32 times: five
 * uploads would keep everybody else waiting for 40 MiB.
 */
const MAX_BYTES_PER_PASS = 2_097_152;

/** What a {@link ReadBuffer} asks, and tells, the end it reads for. */
export interface Reader {
  /** Whether more data is asked for, which means that the last chunk is no longer in use. */
  readonly reading: boolean;
  receive(chunk: Buffer): void;
  /** The stream has had its share of this pass of the event loop: it continues in the next one. */
  yield(): void;
}

/** The read buffer of one socket. Each read overwrites the last one, so the reader is done with a chunk or has paused the socket. */
export class ReadBuffer {
  /** Gets what is read. */
  reader: Reader | undefined;
  readonly #firstLimit: number;
  #limit: number;
  #lowestLevel: number;
  /** Index of the pool that the buffer comes from. */
  #level: number;
  #buffer: Buffer;
  /** Length of the last read. */
  #length = 0;
  /** A view of the buffer of that length. Reads of equal messages share it: they have the same length. */
  #view: Buffer | undefined;
  /** Reads in a row that a smaller buffer would have held. */
  #smallReads = 0;
  /** Bytes of reads in a row that filled the buffer: they may all have been in one pass of the event loop. */
  #passBytes = 0;
  /** The last chunk is still in use. */
  #lent = false;
  /** The last chunk stays in use, whatever the reader asks for. */
  #kept = false;

  /**
   * @param limit most bytes of one read (BLKS); 0: no limit
   * @param datagrams whether one write of the peer becomes one datagram, and so must be read at once
   */
  constructor(limit: number, datagrams: boolean) {
    this.#firstLimit = limit;
    this.#limit = limit;
    this.#lowestLevel = datagrams ? DATAGRAM_LEVEL : 0;
    this.#level = this.#lowestLevel;
    this.#buffer = this.#take(this.#level);
  }

  /** One write of the peer is read at once from now on. A read that already has its buffer is still as it was. */
  expectDatagrams(): void {
    this.#lowestLevel = DATAGRAM_LEVEL;
  }

  /** No read brings more bytes than this from now on. A read that already has its buffer is still as it was. */
  limit(bytes: number): void {
    this.#limit = this.#firstLimit === 0 ? bytes : Math.min(this.#firstLimit, bytes);
  }

  /** The option `onread` of Node's sockets. */
  get onread(): { buffer: () => Buffer; callback: (bytes: number) => boolean } {
    return {
      buffer: () => this.buffer(),
      callback: (bytes) => {
        this.read(bytes);
        return true;
      },
    };
  }

  /** The memory for the next read. */
  buffer(): Buffer {
    return this.#limit > 0 && this.#limit < this.#buffer.length ? this.#buffer.subarray(0, this.#limit) : this.#buffer;
  }

  /** A read has put so many bytes into the buffer. */
  read(bytes: number): void {
    this.#lent = true;
    this.#countPass(bytes);
    this.reader?.receive(this.#chunk(bytes));
    if (this.#kept) this.#leave();
    if (this.reader?.reading !== true) return;
    this.#lent = false;
    this.#fit(bytes);
  }

  /** The reader has left the chunk that it is being given to somebody: no read writes to its memory again. */
  keep(): void {
    this.#kept = true;
  }

  /** The socket is closed. A chunk that is still in use keeps its memory. */
  release(): void {
    if (!this.#lent) POOLS[this.#level]?.give(this.#buffer);
    this.#lent = true;
  }

  /** Most bytes of one read. */
  get #maxRead(): number {
    return this.#limit === 0 ? this.#buffer.length : Math.min(this.#limit, this.#buffer.length);
  }

  /** Yields when the stream's share of a pass is used up. A read that leaves room in the buffer is the last one of its pass. */
  #countPass(bytes: number): void {
    this.#passBytes = bytes === this.#maxRead ? this.#passBytes + bytes : 0;
    if (this.#passBytes < MAX_BYTES_PER_PASS) return;
    this.#passBytes = 0;
    this.reader?.yield();
  }

  #chunk(bytes: number): Buffer {
    if (bytes === this.#length) {
      this.#view ??= this.#buffer.subarray(0, bytes);
      return this.#view;
    }
    this.#length = bytes;
    this.#view = undefined;
    return this.#buffer.subarray(0, bytes);
  }

  /** Chooses a larger or smaller buffer by the length of the last read. */
  #fit(bytes: number): void {
    const size = this.#buffer.length;
    const level = this.#level;
    this.#smallReads = bytes <= Math.min(size / 2, this.#maxRead - 1) ? this.#smallReads + 1 : 0;
    if (bytes === size && level + 1 < POOLS.length) this.#change(level + 1);
    else if (level < this.#lowestLevel) this.#change(this.#lowestLevel);
    else if (level > this.#lowestLevel && this.#smallReads >= (level === 1 ? SMALL_READS : 1)) this.#change(level - 1);
  }

  #change(level: number): void {
    POOLS[this.#level]?.give(this.#buffer);
    this.#smallReads = 0;
    this.#level = level;
    this.#buffer = this.#take(level);
    this.#view = undefined;
  }

  /** Leaves the buffer to whoever uses it, and takes another. */
  #leave(): void {
    this.#kept = false;
    this.#view = undefined;
    this.#buffer = this.#take(this.#level);
  }

  #take(level: number): Buffer {
    return (POOLS[level] ?? POOLS[0]).take();
  }
}
