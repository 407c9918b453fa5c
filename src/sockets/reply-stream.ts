import { queueJob } from "../scheduling/round-robin.js";

/** Who gets a long reply. */
export interface ReplyReader {
  /** Bytes written that it has not taken yet. */
  readonly unsent: number;
  write(text: string): void;
  /** All of the reply has been written. */
  over(): void;
  /** A piece could not be made, or not be written: a fault in the program. */
  fault(error: unknown): void;
}

const MAX_UNSENT = 65_536; // bytes; a prompt reader takes as much at once, a slow one costs no more than that
const BLOCK = 16_384; // characters; a write for each piece costs more than the piece

/** A long reply under way: it is made as its reader takes it. */
export class ReplyStream {
  #pieces: Iterator<string> | undefined;
  readonly #reader: ReplyReader;

  /** @param pieces of some kilobytes at most each */
  constructor(pieces: Iterable<string>, reader: ReplyReader) {
    this.#pieces = pieces[Symbol.iterator]();
    this.#reader = reader;
    this.resume();
  }

  /** Goes on, if there is more to come and the reader takes it. */
  resume(): void {
    if (this.#pieces !== undefined && this.#reader.unsent < MAX_UNSENT) queueJob(this.#turn);
  }

  /** Nothing more is made of it. */
  cancel(): void {
    this.#pieces = undefined;
  }

  readonly #turn = (): void => {
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
    while (block.length < BLOCK) {
      const { done, value } = this.#pieces.next();
      if (done === true) {
        this.cancel();
        break;
      }
      block += value;
    }
    if (block !== "") this.#reader.write(block);
    if (this.#pieces === undefined) this.#reader.over();
  }
}
