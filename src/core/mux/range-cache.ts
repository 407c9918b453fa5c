import { cutOut, groupOf, holds, type RegisterRange } from "./register-ranges.js";

const MAX_PIECES = 64; // of one unit and function, of 250 bytes each; there are 256 units and four functions

/** Values that one answer of the device had. */
interface Piece {
  readonly range: RegisterRange;
  readonly values: Buffer;
  /** No read gets the values from this time on. */
  readonly until: number;
}

/**
 * The registers and bits of the last answers, as long as they are fresh. A read gets values of one answer only: a number of two registers
 * must not be made of halves from different times. Times are milliseconds of a steady clock.
 */
export class RangeCache {
  readonly #pieces = new Map<string, Piece[]>();

  /** Whether a fresh answer has all values of a range. */
  has(range: RegisterRange, now: number): boolean {
    return this.#newest(range, now) !== undefined;
  }

  /** The values of a range, lent; undefined: no fresh answer has them all. */
  find(range: RegisterRange, now: number): Buffer | undefined {
    const piece = this.#newest(range, now);
    return piece && cutOut(piece.values, piece.range, range);
  }

  #newest(range: RegisterRange, now: number): Piece | undefined {
    return this.#pieces.get(groupOf(range))?.findLast((each) => now < each.until && holds(each.range, range));
  }

  /** Keeps a copy of the values of a range. */
  store(range: RegisterRange, values: Buffer, until: number, now: number): void {
    const group = groupOf(range);
    const pieces = (this.#pieces.get(group) ?? []).filter((each) => now < each.until && !holds(range, each.range));
    pieces.push({ range, values: Buffer.from(values), until });
    this.#pieces.set(group, pieces.slice(-MAX_PIECES));
  }

  clear(): void {
    this.#pieces.clear();
  }
}
