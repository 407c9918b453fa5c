import type { HeaderReading } from "./length-prefixed.js";
import { MBAP_HEADER } from "./mbap.js";

const NONE: readonly number[] = [];

/**
 * Bytes that the MBAP length of an answer counts and that its PDU does not have. Some devices send them, others do not: the header of the next
 * message shows it.
 */
export class Surplus {
  readonly #begins: (bytes: Buffer, at: number) => boolean;
  #candidates = NONE;

  /** @param begins whether a header begins at an index; all its bytes are there */
  constructor(begins: (bytes: Buffer, at: number) => boolean) {
    this.#begins = begins;
  }

  /** So many bytes may follow the answer, or none. */
  set(...candidates: readonly number[]): void {
    this.#candidates = candidates.filter((count) => count > 0).sort((a, b) => a - b);
  }

  /** Whether surplus bytes begin at an index; undefined: the next message does. */
  read(bytes: Buffer, at: number): HeaderReading | undefined {
    const most = this.#candidates.at(-1);
    if (most === undefined) return undefined;
    for (const length of [0, ...this.#candidates.slice(0, -1)]) {
      if (bytes.length - at < length + MBAP_HEADER) return { kind: "more", need: length + MBAP_HEADER };
      if (this.#begins(bytes, at + length)) return this.#found(length);
    }
    return bytes.length - at < most ? { kind: "more", need: most } : this.#found(most);
  }

  #found(length: number): HeaderReading | undefined {
    this.#candidates = NONE;
    if (length === 0) return undefined;
    return { kind: "junk", length, harmless: true, reason: `${length} bytes that only the MBAP length counts` };
  }
}
