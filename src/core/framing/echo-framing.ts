import { ByteTail } from "../collections/byte-tail.js";
import type { Cut, Framing, FramingKind } from "./framing.js";

/** Longest line, with its end: enough for any line protocol, and affordable for a thousand clients that never end their line. */
const LINE_MAX = 65_536;
const TOO_LONG = `line of more than ${LINE_MAX} bytes`;

/** What lines end with (LEND). */
export const LINE_ENDS = { lf: "\n", cr: "\r", crlf: "\r\n", nul: "\0" } as const;
export type LineEnd = keyof typeof LINE_ENDS;

/** The line end of this name; undefined: there is none. */
export function lineEndNamed(name: unknown): LineEnd | undefined {
  return (Object.keys(LINE_ENDS) as LineEnd[]).find((known) => known === name);
}

class LineFraming implements Framing {
  readonly #end: Buffer;
  readonly #name: string;
  /** The beginning of a line, without an end. */
  readonly #tail = new ByteTail();
  /** Whether the current line is too long: everything up to its end is junk. */
  #tooLong = false;
  /** Whether the last byte was the first one of an end of two. */
  #isHalfEnd = false;

  constructor(lineEnd: LineEnd) {
    this.#end = Buffer.from(LINE_ENDS[lineEnd]);
    this.#name = lineEnd.toUpperCase();
  }

  get held(): number {
    return this.#tail.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    const cuts: Cut[] = [];
    let at = 0;
    for (let end = this.#endOf(chunk, 0); end > 0; end = this.#endOf(chunk, at)) {
      const bytes = this.#tail.takeWith(chunk.subarray(at, end));
      if (this.#tooLong || bytes.length > LINE_MAX) cuts.push({ kind: "junk", bytes, reason: TOO_LONG });
      else cuts.push({ kind: "frame", bytes });
      this.#tooLong = false;
      at = end;
    }
    const rest = chunk.subarray(at);
    if (chunk.length > 0) this.#isHalfEnd = this.#end.length > 1 && chunk.at(-1) === this.#end[0];
    if (this.#tail.length + rest.length >= LINE_MAX) this.#tooLong = true; // with its end it would be too long
    if (!this.#tooLong) this.#tail.append(rest);
    else if (rest.length > 0) cuts.push({ kind: "junk", bytes: this.#tail.takeWith(rest), reason: TOO_LONG });
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#tail.take();
    if (bytes.length === 0) return [];
    return [
      { kind: "junk", bytes, reason: `the stream ended after ${bytes.length} bytes of a line without ${this.#name}` },
    ];
  }

  /** The index behind the first end of a line from `at` on; 0: there is none. */
  #endOf(chunk: Buffer, at: number): number {
    if (at === 0 && this.#isHalfEnd && chunk[0] === this.#end[1]) return 1;
    const found = chunk.indexOf(this.#end, at);
    return found < 0 ? 0 : found + this.#end.length;
  }
}

/** Lines that end so. The end belongs to its line. */
export function lineFraming(lineEnd: LineEnd): FramingKind {
  return {
    name: "echo",
    maxHeld: LINE_MAX,
    requests: () => new LineFraming(lineEnd),
    answers: () => new LineFraming(lineEnd),
  };
}

/** Lines that end with LF. */
export const echoFraming = lineFraming("lf");
