import { ByteTail } from "../collections/byte-tail.js";
import type { Cut, Framing } from "./framing.js";

/** What the bytes at some place are. It must follow from no more bytes than the `length` or the `need` it tells. */
export type HeaderReading =
  | { readonly kind: "frame"; readonly length: number }
  | { readonly kind: "junk"; readonly length: number; readonly reason: string }
  /** More can be said when there are so many bytes, counted from that place. */
  | { readonly kind: "more"; readonly need: number }
  /** Nobody can tell where the next message begins: all that comes is junk. */
  | { readonly kind: "lost"; readonly reason: string };

/** Looks at the bytes from `at` on, of which there is at least one. */
export type HeaderReader = (bytes: Buffer, at: number) => HeaderReading;

/** For protocols whose header tells how long the message is: no byte is looked at but those of the header. */
export class LengthPrefixed implements Framing {
  readonly #lookAt: HeaderReader;
  readonly #tail = new ByteTail();
  /** How long the tail must be before it is worth another look. */
  #need = 0;
  #lost: string | undefined;

  constructor(lookAt: HeaderReader) {
    this.#lookAt = lookAt;
  }

  get held(): number {
    return this.#tail.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    const cuts: Cut[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#lost !== undefined) {
        cuts.push({ kind: "junk", bytes: chunk.subarray(at), reason: this.#lost });
        break;
      }
      at = this.#tail.length > 0 ? this.#extend(chunk, at, cuts) : this.#cut(chunk, at, cuts);
    }
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#tail.take();
    if (bytes.length === 0) return [];
    const reason = `the stream ended after ${bytes.length} of at least ${this.#need} bytes of a message`;
    return [{ kind: "junk", bytes, reason }];
  }

  /** Takes one message out of the chunk, as a view, or keeps the rest of it; returns how far it came. */
  #cut(chunk: Buffer, at: number, cuts: Cut[]): number {
    const look = this.#lookAt(chunk, at);
    switch (look.kind) {
      case "more":
        this.#need = look.need;
        this.#tail.append(chunk.subarray(at));
        return chunk.length;
      case "lost":
        this.#lost = look.reason;
        return at;
      default:
        cuts.push(cutOf(look, chunk.subarray(at, at + look.length)));
        return at + look.length;
    }
  }

  /** Gives the tail what it needs out of the chunk, and no more: what follows can be cut as views. */
  #extend(chunk: Buffer, at: number, cuts: Cut[]): number {
    const end = Math.min(chunk.length, at + this.#need - this.#tail.length);
    this.#tail.append(chunk.subarray(at, end));
    if (this.#tail.length < this.#need) return end;
    const look = this.#lookAt(this.#tail.bytes, 0);
    if (look.kind === "more") {
      this.#need = look.need;
    } else {
      const bytes = this.#tail.take();
      if (look.kind === "lost") this.#lost = look.reason;
      cuts.push(cutOf(look, bytes));
    }
    return end;
  }
}

function cutOf(look: Exclude<HeaderReading, { kind: "more" }>, bytes: Buffer): Cut {
  return look.kind === "frame" ? { kind: "frame", bytes } : { kind: "junk", bytes, reason: look.reason };
}
