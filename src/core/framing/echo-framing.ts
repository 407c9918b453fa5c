import { ByteTail } from "../collections/byte-tail.js";
import type { Cut, Framing, FramingKind } from "./framing.js";

const LF = 0x0a;
/** Longest line, with its LF: enough for any line protocol, and affordable for a thousand clients that never send an LF. */
const LINE_MAX = 65_536;
const TOO_LONG = `line of more than ${LINE_MAX} bytes`;

class LineFraming implements Framing {
  /** The beginning of a line, without an LF. */
  readonly #tail = new ByteTail();
  /** Whether the current line is too long: everything up to its LF is junk. */
  #tooLong = false;

  get held(): number {
    return this.#tail.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    const cuts: Cut[] = [];
    let at = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, at)) {
      const bytes = this.#tail.takeWith(chunk.subarray(at, lf + 1));
      if (this.#tooLong || bytes.length > LINE_MAX) cuts.push({ kind: "junk", bytes, reason: TOO_LONG });
      else cuts.push({ kind: "frame", bytes });
      this.#tooLong = false;
      at = lf + 1;
    }
    const rest = chunk.subarray(at);
    if (this.#tail.length + rest.length >= LINE_MAX) this.#tooLong = true; // with its LF it would be too long
    if (!this.#tooLong) this.#tail.append(rest);
    else if (rest.length > 0) cuts.push({ kind: "junk", bytes: this.#tail.takeWith(rest), reason: TOO_LONG });
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#tail.take();
    if (bytes.length === 0) return [];
    return [{ kind: "junk", bytes, reason: `the stream ended after ${bytes.length} bytes of a line without LF` }];
  }
}

/** Lines that end with LF. The LF belongs to its line. */
export const echoFraming: FramingKind = {
  name: "echo",
  maxHeld: LINE_MAX,
  requests: () => new LineFraming(),
  answers: () => new LineFraming(),
};
