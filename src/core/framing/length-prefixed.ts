import { ByteTail } from "../collections/byte-tail.js";
import type { Cut, Framing } from "./framing.js";

/** What begins at some index. The result must depend on no more bytes than its `length`, or the `need` before it. */
export type HeaderReading =
  | { readonly kind: "frame"; readonly length: number }
  | { readonly kind: "junk"; readonly length: number; readonly reason: string; readonly harmless?: true }
  /**
   * `need` bytes from that index on are necessary to say more. Where nothing comes for a while, the first `whole` of them were a message, if they
   * are there.
   */
  | { readonly kind: "more"; readonly need: number; readonly whole?: number }
  /** The next message cannot be found: all further bytes are junk. */
  | { readonly kind: "lost"; readonly reason: string };

/** Reads the header at index `at`. At least one byte is there. */
export type HeaderReader = (bytes: Buffer, at: number) => HeaderReading;

/** Framing for protocols whose header contains the length of the message. It reads the headers and nothing else. */
export class LengthPrefixed implements Framing {
  readonly #readHeader: HeaderReader;
  readonly #tail = new ByteTail();
  readonly #expect: ((request: Buffer) => void) | undefined;
  /** The length that the tail must have before the header says more. */
  #need = 0;
  /** The length of the message in the tail, if nothing more comes. */
  #whole: number | undefined;
  #lost: string | undefined;

  /** @param expect told of the messages whose answers may come */
  constructor(readHeader: HeaderReader, expect?: (request: Buffer) => void) {
    this.#readHeader = readHeader;
    this.#expect = expect;
  }

  expect(request: Buffer): void {
    this.#expect?.(request);
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

  get settles(): boolean {
    return this.#whole !== undefined && this.#tail.length >= this.#whole;
  }

  settle(): readonly Cut[] {
    const length = this.settles ? this.#whole : undefined;
    if (length === undefined) return [];
    const bytes = this.#tail.take();
    this.#keep(bytes.subarray(length));
    return [{ kind: "frame", bytes: bytes.subarray(0, length) }];
  }

  end(): readonly Cut[] {
    const settled = this.settle();
    const bytes = this.#tail.take();
    if (bytes.length === 0) return settled;
    const reason = `the stream ended after ${bytes.length} of at least ${this.#need} bytes of a message`;
    return [...settled, { kind: "junk", bytes, reason }];
  }

  /** Cuts one message of the chunk as a view, or keeps the rest of the chunk. Returns the index behind it. */
  #cut(chunk: Buffer, at: number, cuts: Cut[]): number {
    const reading = this.#readHeader(chunk, at);
    switch (reading.kind) {
      case "more":
        this.#await(reading);
        this.#tail.append(chunk.subarray(at));
        return chunk.length;
      case "lost":
        this.#lost = reading.reason;
        return at;
      default:
        cuts.push(cutOf(reading, chunk.subarray(at, at + reading.length)));
        return at + reading.length;
    }
  }

  #await({ need, whole }: Extract<HeaderReading, { kind: "more" }>): void {
    this.#need = need;
    this.#whole = whole;
  }

  /** The beginning of the next message was necessary to read the last one. It is read with the next bytes that come. */
  #keep(bytes: Buffer): void {
    this.#whole = undefined;
    if (bytes.length === 0) return;
    this.#tail.append(bytes);
    this.#need = bytes.length;
  }

  /** Moves as many bytes as the tail needs, and no more: the following messages can be cut as views. */
  #extend(chunk: Buffer, at: number, cuts: Cut[]): number {
    const end = Math.min(chunk.length, at + this.#need - this.#tail.length);
    this.#tail.append(chunk.subarray(at, end));
    if (this.#tail.length < this.#need) return end;
    const reading = this.#readHeader(this.#tail.bytes, 0);
    if (reading.kind === "more") {
      this.#await(reading);
    } else {
      const bytes = this.#tail.take();
      const length = reading.kind === "lost" ? bytes.length : reading.length;
      if (reading.kind === "lost") this.#lost = reading.reason;
      cuts.push(cutOf(reading, bytes.subarray(0, length)));
      this.#keep(bytes.subarray(length));
    }
    return end;
  }
}

function cutOf(reading: Exclude<HeaderReading, { kind: "more" }>, bytes: Buffer): Cut {
  if (reading.kind === "frame") return { kind: "frame", bytes };
  const isHarmless = reading.kind === "junk" && reading.harmless;
  return { kind: "junk", bytes, reason: reading.reason, ...(isHarmless && { harmless: true }) };
}
