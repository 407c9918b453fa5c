import { queueJob } from "../scheduling/round-robin.js";

/** The reader of a long reply. */
export interface ReplyReader {
  /** Bytes written that the reader has not taken yet. */
  readonly unsent: number;
  write(text: string): void;
  /** All of the reply has been written. */
  finished(): void;
  /** A piece could not be made, or not be written: a fault in the program. */
  fault(error: unknown): void;
}

const MAX_UNSENT = 65_536; // bytes; a prompt reader takes as much at once, a slow one costs no more than that
const BLOCK_LENGTH = 16_384; // characters; a write for each piece costs more than the piece
const BLOCK_PIECES = 64; // a piece takes some microseconds, also one without a character

/** A long reply, such as STAT of thousands of connections: it is made piece by piece, as fast as its reader takes it. */
export class ReplyStream {
  #pieces: Iterator<string> | undefined;
  readonly #reader: ReplyReader;

  /** @param pieces some kilobytes each, at most; one without a character: the next one takes a while */
  constructor(pieces: Iterable<string>, reader: ReplyReader) {
    this.#pieces = pieces[Symbol.iterator]();
    this.#reader = reader;
    this.resume();
  }

  /** Continues, if there is more to come and the reader has taken most of what it got: to be called when its end has drained. */
  resume(): void {
    if (this.#pieces !== undefined && this.#reader.unsent < MAX_UNSENT) queueJob(this.#nextBlock);
  }

  /** Makes no more of the reply. */
  cancel(): void {
    this.#pieces = undefined;
  }

  readonly #nextBlock = (): void => {
    try {
      this.#writeBlock();
      this.resume();
    } catch (error) {
      this.cancel();
      this.#reader.fault(error);
    }
  };

  #writeBlock(): void {
    if (this.#pieces === undefined) return;
    let block = "";
    for (let count = 0; count < BLOCK_PIECES && block.length < BLOCK_LENGTH; count += 1) {
      const { done, value } = this.#pieces.next();
      if (done === true) {
        this.cancel();
        break;
      }
      block += value;
    }
    if (block !== "") this.#reader.write(block);
    if (this.#pieces === undefined) this.#reader.finished();
  }
}
