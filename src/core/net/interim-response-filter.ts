import { ByteTail } from "../collections/byte-tail.js";
import { endOfHead } from "../framing/http-head.js";

/** Most bytes of interim responses before the final one. Real servers send a few hundred. */
const MAX_INTERIM_BYTES = 16_384;
/** 101 is final: another protocol follows (RFC 9110, 15.2.2). */
const INTERIM_STATUS_LINE = /^HTTP\/1\.[01] 1(?!01)\d\d/;
const STATUS_LINE_BYTES = "HTTP/1.1 100".length;

/**
 * Removes interim responses (`100 Continue`, `103 Early Hints`; RFC 9110, 15.2) from the bytes of an HTTP server. Call {@link begin} for each
 * request, then {@link push} for each chunk of its response.
 */
export class InterimResponseFilter {
  /** The start of a head that may belong to an interim response. */
  readonly #head = new ByteTail();
  /** Bytes of interim responses removed since {@link begin}. */
  #removed = 0;
  /** The final response has begun: its bytes pass unchanged. */
  #isFinal = false;

  /** Starts anew: the bytes that follow answer the next request. */
  begin(): void {
    this.#isFinal = false;
    this.#removed = 0;
  }

  /**
   * @returns the bytes of the final response, empty while there are none
   * @throws when interim responses exceed 16 KiB
   */
  push(chunk: Buffer): Buffer {
    if (this.#isFinal) return chunk;
    let rest = this.#head.takeWith(chunk);
    while (INTERIM_STATUS_LINE.test(rest.toString("latin1", 0, STATUS_LINE_BYTES))) {
      const end = endOfHead(rest);
      if (this.#removed + (end ?? rest.length) > MAX_INTERIM_BYTES)
        throw new Error(`more than ${MAX_INTERIM_BYTES} bytes of interim HTTP responses`);
      if (end === undefined) break;
      this.#removed += end;
      rest = rest.subarray(end);
    }
    this.#isFinal =
      rest.length >= STATUS_LINE_BYTES && !INTERIM_STATUS_LINE.test(rest.toString("latin1", 0, STATUS_LINE_BYTES));
    if (this.#isFinal) return rest;
    this.#head.append(rest);
    return rest.subarray(0, 0);
  }
}
