import type { Clock } from "./clock.js";

/** Who gets a long reply. */
export interface Reader {
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
const MAX_TURN_MS = 5;

/**
 * Long replies under way: each is made as its reader takes it. All of them together have a turn of some milliseconds, then
 * everybody else has. So those who ask for much at once wait for each other, and nobody waits for them.
 */
export class Replies {
  readonly #clock: Clock;
  /** Those whose readers take more, in the order of their turns. */
  readonly #ready = new Set<Reply>();
  #waiting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param pieces of some kilobytes at most each */
  begin(pieces: Iterable<string>, reader: Reader): Reply {
    const reply = new Reply(pieces, reader, () => {
      this.#ready.add(reply);
      this.#waitForTurn();
    });
    reply.resume();
    return reply;
  }

  #waitForTurn(): void {
    if (this.#waiting || this.#ready.size === 0) return;
    this.#waiting = true;
    setImmediate(() => {
      this.#waiting = false;
      this.#takeTurn();
      this.#waitForTurn();
    });
  }

  #takeTurn(): void {
    const until = this.#clock.now() + MAX_TURN_MS;
    for (const reply of this.#ready) {
      this.#ready.delete(reply);
      reply.makeBlock();
      reply.resume(); // behind the others
      if (this.#clock.now() > until) return;
    }
  }
}

/** A long reply under way. */
export class Reply {
  #pieces: Iterator<string> | undefined;
  readonly #reader: Reader;
  readonly #enlist: () => void;

  constructor(pieces: Iterable<string>, reader: Reader, enlist: () => void) {
    this.#pieces = pieces[Symbol.iterator]();
    this.#reader = reader;
    this.#enlist = enlist;
  }

  /** Goes on, if there is more to come and the reader takes it. */
  resume(): void {
    if (this.#pieces !== undefined && this.#reader.unsent < MAX_UNSENT) this.#enlist();
  }

  /** Nothing more is made of it. */
  cancel(): void {
    this.#pieces = undefined;
  }

  /** Makes some pieces and writes them. */
  makeBlock(): void {
    if (this.#pieces === undefined) return;
    try {
      let block = "";
      while (block.length < BLOCK) {
        const { done, value } = this.#pieces.next();
        if (done === true) {
          this.cancel();
          break;
        }
        block += value;
      }
      this.#reader.write(block);
      if (this.#pieces === undefined) this.#reader.over();
    } catch (error) {
      this.cancel();
      this.#reader.fault(error);
    }
  }
}
