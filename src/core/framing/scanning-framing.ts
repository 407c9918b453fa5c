import type { Cut, Framing } from "./framing.js";

const NOTHING = Buffer.alloc(0);

/** What is at an index: a whole frame of so many bytes, none, or perhaps one when more bytes have come. */
export type FrameReading = number | "none" | "more";

/** What frames are looked for. */
export interface Frames {
  /** The first byte of each. */
  readonly first: number;
  /** Length of the shortest. */
  readonly shortest: number;
  /** Each reads frames of one kind, and depends on no more bytes than the frame has. */
  readonly readers: readonly ((bytes: Buffer, at: number) => FrameReading)[];
  /** What bytes between frames are, in words for the log. */
  readonly junk: string;
}

/**
 * Finds frames among any bytes. TCP loses the silence between them, so bytes that by chance look like the beginning of a frame must not keep
 * the framing from a frame behind them: of all whole frames the one that ends first counts.
 */
export class ScanningFraming implements Framing {
  readonly #frames: Frames;
  /** From where on a frame may begin. */
  #held = NOTHING;

  constructor(frames: Frames) {
    this.#frames = frames;
  }

  get held(): number {
    return this.#held.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const cuts: Cut[] = [];
    let at = 0;
    for (;;) {
      const { start, end } = this.#find(bytes, at);
      if (start > at) cuts.push(this.#junk(bytes.subarray(at, start)));
      at = start;
      if (end === undefined) break;
      cuts.push({ kind: "frame", bytes: bytes.subarray(start, end) });
      at = end;
    }
    this.#held = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at)); // shorter than the longest frame
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#held;
    this.#held = NOTHING;
    return bytes.length === 0 ? [] : [{ kind: "junk", bytes, reason: "the stream ended within a frame" }];
  }

  #junk(bytes: Buffer): Cut {
    return { kind: "junk", bytes, reason: this.#frames.junk, harmless: true };
  }

  /** The frame from `from` on that ends first; without one, `start` is where a frame may have begun. */
  #find(bytes: Buffer, from: number): { readonly start: number; readonly end: number | undefined } {
    const { first, shortest, readers } = this.#frames;
    let start = bytes.length;
    let end = Number.POSITIVE_INFINITY;
    let begun: number | undefined;
    for (let at = bytes.indexOf(first, from); at >= 0 && at + shortest < end; at = bytes.indexOf(first, at + 1)) {
      for (const read of readers) {
        const reading = read(bytes, at);
        if (reading === "more") begun ??= at;
        else if (reading !== "none" && at + reading < end) [start, end] = [at, at + reading];
      }
    }
    if (Number.isFinite(end)) return { start, end };
    return { start: begun ?? bytes.length, end: undefined };
  }
}
