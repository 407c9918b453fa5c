/**
 * Memory that sockets read into, without an allocation per chunk. A connection has a small piece of its own, which is all
 * that an idle one costs; while its stream is dense it borrows a larger one.
 *
 * One piece for several sockets would be wrong: the kernel may take a part of a write only, and until it has the rest, a
 * read of any other socket would overwrite it.
 */

const SLAB = 65_536;

/** Pieces of one size that nobody uses. */
class Spares {
  readonly size: number;
  readonly #kept: number;
  readonly #pieces: Buffer[] = [];

  /** @param kept most bytes that are kept for later */
  constructor(size: number, kept: number) {
    this.size = size;
    this.#kept = kept;
  }

  take(): Buffer {
    if (this.#pieces.length === 0) this.#cut();
    return this.#pieces.pop() as Buffer;
  }

  give(piece: Buffer): void {
    if (this.#pieces.length * this.size < this.#kept) this.#pieces.push(piece);
  }

  #cut(): void {
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB, this.size));
    for (let at = 0; at < slab.length; at += this.size) this.#pieces.push(slab.subarray(at, at + this.size));
  }
}

/** From the piece of an idle connection to that of a bulk transfer; larger reads cost no less CPU per byte. */
const STEPS = [new Spares(512, 8_388_608), new Spares(65_536, 2_097_152), new Spares(262_144, 2_097_152)] as const;
const DATAGRAM_STEP = 1; // any write that can become one datagram
const CALM_READS = 8; // small reads in a row after which a stream makes do with the smallest piece
/**
 * So many bytes of one stream are read in one pass of the event loop. Node goes on reading as long as each read fills its memory, up
 * to 32 times: five uploads would keep everybody else waiting for 40 MiB.
 */
const PASS_BYTES = 2_097_152;

/** What {@link ReadBuffer} tells the end it reads for. */
export interface Reader {
  /** Whether more is asked for: the last chunk is done with then. */
  readonly reading: boolean;
  receive(chunk: Buffer): void;
  /** It has had its share of this pass of the event loop: it is to read on in the next one. */
  yield(): void;
}

/** Reads of one socket: its piece of memory is used again for the next read, so a reader has done with it or has paused the socket. */
export class ReadBuffer {
  /** Who gets what is read. */
  reader: Reader | undefined;
  readonly #mostEver: number;
  #limit: number;
  #lowest: number;
  #step: number;
  #piece: Buffer;
  /** Bytes of the last read. */
  #length = 0;
  /** The part of the piece that reads of this length fill: kept where one followed another, as messages do. */
  #view: Buffer | undefined;
  /** Reads in a row that a lower step would have done for. */
  #calm = 0;
  /** Bytes of reads in a row that filled their memory: they may have been in one pass of the event loop. */
  #passBytes = 0;
  /** The last chunk is still in use. */
  #lent = false;

  /**
   * @param limit most bytes a read may bring; 0: as many as are good
   * @param datagrams whether what a peer has written at once is to be read at once, up to what a datagram holds
   */
  constructor(limit: number, datagrams: boolean) {
    this.#mostEver = limit;
    this.#limit = limit;
    this.#lowest = datagrams ? DATAGRAM_STEP : 0;
    this.#step = this.#lowest;
    this.#piece = this.#take(this.#step);
  }

  /** A write of the peer is read at once from now on; from the read after the next one, where the next has its memory already. */
  expectDatagrams(): void {
    this.#lowest = DATAGRAM_STEP;
  }

  /** No read brings more than so many bytes from now on; from the read after the next one, where the next has its memory already. */
  limit(bytes: number): void {
    this.#limit = this.#mostEver === 0 ? bytes : Math.min(this.#mostEver, bytes);
  }

  /** Where the next read goes. */
  buffer(): Buffer {
    return this.#limit > 0 && this.#limit < this.#piece.length ? this.#piece.subarray(0, this.#limit) : this.#piece;
  }

  /** A read has brought so many bytes. */
  read(bytes: number): void {
    this.#lent = true;
    this.#share(bytes);
    this.reader?.receive(this.#chunk(bytes));
    if (this.reader?.reading !== true) return;
    this.#lent = false;
    this.#adapt(bytes);
  }

  /** The most that a read brings. */
  get #most(): number {
    return this.#limit === 0 ? this.#piece.length : Math.min(this.#limit, this.#piece.length);
  }

  /** Ends the stream's share of a pass of the event loop when it is used up. A read that leaves room is the last one of a pass. */
  #share(bytes: number): void {
    this.#passBytes = bytes === this.#most ? this.#passBytes + bytes : 0;
    if (this.#passBytes < PASS_BYTES) return;
    this.#passBytes = 0;
    this.reader?.yield();
  }

  #chunk(bytes: number): Buffer {
    if (bytes === this.#length) {
      this.#view ??= this.#piece.subarray(0, bytes);
      return this.#view;
    }
    this.#length = bytes;
    this.#view = undefined;
    return this.#piece.subarray(0, bytes);
  }

  /** Fits the piece to what the last read brought. */
  #adapt(bytes: number): void {
    const size = this.#piece.length;
    const step = this.#step;
    this.#calm = bytes <= Math.min(size / 2, this.#most - 1) ? this.#calm + 1 : 0;
    if (bytes === size && step + 1 < STEPS.length) this.#move(step + 1);
    else if (step < this.#lowest) this.#move(this.#lowest);
    else if (step > this.#lowest && this.#calm >= (step === 1 ? CALM_READS : 1)) this.#move(step - 1);
  }

  /** The socket is gone. What is still in use is not used again. */
  release(): void {
    if (!this.#lent) STEPS[this.#step]?.give(this.#piece);
    this.#lent = true;
  }

  #move(step: number): void {
    STEPS[this.#step]?.give(this.#piece);
    this.#calm = 0;
    this.#step = step;
    this.#piece = this.#take(step);
    this.#view = undefined;
  }

  #take(step: number): Buffer {
    return (STEPS[step] ?? STEPS[0]).take();
  }
}
