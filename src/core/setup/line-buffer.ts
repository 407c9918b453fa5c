/** What {@link LineBuffer.next} returns. */
export type NextLine =
  | { readonly kind: "line"; readonly text: string }
  /** The buffer holds no complete line. */
  | { readonly kind: "more" }
  /** The line is longer than the limit; its LF may not have come yet. */
  | { readonly kind: "too-long" };

const LF = 0x0a;
const MORE: NextLine = { kind: "more" };

/**
 * Splits a byte stream into lines that end in LF. The buffer holds one unfinished line, at most `limit` bytes, and the rest of the last
 * chunk behind a line still to be taken.
 */
export class LineBuffer {
  readonly #limit: number;
  #held: Buffer = Buffer.alloc(0);
  /** So many bytes at the start of `#held` contain no LF. */
  #searched = 0;

  /** @param limit longest line in bytes, without its LF */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Appends a copy of the chunk. Call {@link next} until it returns `more` before the next push: that bounds the memory. */
  push(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
  }

  /** Removes the next line and returns it without its LF, decoded as UTF-8. */
  next(): NextLine {
    const end = this.#held.indexOf(LF, this.#searched);
    if ((end < 0 ? this.#held.length : end) > this.#limit) return { kind: "too-long" };
    if (end < 0) {
      this.#searched = this.#held.length;
      return MORE;
    }
    const text = this.#held.toString("utf8", 0, end);
    this.#held = this.#held.subarray(end + 1);
    this.#searched = 0;
    return { kind: "line", text };
  }

  /** Removes and returns all bytes behind the last line that {@link next} returned. */
  takeRest(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    this.#searched = 0;
    return rest;
  }
}
