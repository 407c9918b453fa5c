/** What {@link LineBuffer.next} found. */
export type NextLine =
  | { readonly kind: "line"; readonly text: string }
  /** No complete line yet. */
  | { readonly kind: "more" }
  /** The line exceeds the limit, whether or not its end has come. */
  | { readonly kind: "too-long" };

const LF = 0x0a;
const MORE: NextLine = { kind: "more" };

/**
 * Cuts a byte stream into lines that end in LF. Holds the bytes of one unfinished line, at most `limit`, and whatever
 * came in the same chunk behind a line not yet asked for.
 */
export class LineBuffer {
  readonly #limit: number;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of `#held` known to hold no LF. */
  #searched = 0;

  /** @param limit the longest line in bytes, its LF not counted */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a copy of a chunk in. Ask {@link next} until it wants more before pushing again, so that memory stays bounded. */
  push(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
  }

  /** The next line without its LF, decoded as UTF-8. */
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

  /** Gives up all bytes that are not part of a returned line. */
  takeRest(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    this.#searched = 0;
    return rest;
  }
}
