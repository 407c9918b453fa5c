import { Tail } from "../collections/byte-tail.js";

const MAX_BYTES = 16_384; // of interim answers before a final one; what servers send has some hundred
const STATUS_LINE = /^HTTP\/1\.[01] 1(?!01)\d\d/; // 101 is no interim answer: what follows is another protocol
const STATUS_LINE_BYTES = "HTTP/1.1 100".length;
const [LF, CR] = [0x0a, 0x0d];

/** Takes interim answers (`100 Continue`, `103 Early Hints`; RFC 9110, 15.2) out of what an HTTP server sends. */
export class InterimResponseFilter {
  /** The beginning of a head that may be one of an interim answer. */
  readonly #head = new Tail();
  /** Bytes of interim answers to the request at hand. */
  #skipped = 0;
  /** The final answer has begun. */
  #final = false;

  /** A request goes out: its answer comes next. */
  begin(): void {
    this.#final = false;
    this.#skipped = 0;
  }

  /**
   * Takes what has come.
   *
   * @returns what is left of it, perhaps nothing
   * @throws when interim answers go on without end
   */
  push(chunk: Buffer): Buffer {
    if (this.#final) return chunk;
    let rest = this.#head.takeWith(chunk);
    while (STATUS_LINE.test(rest.toString("latin1", 0, STATUS_LINE_BYTES))) {
      const end = endOfHead(rest);
      if (this.#skipped + (end ?? rest.length) > MAX_BYTES) throw new Error("interim answers without end");
      if (end === undefined) break;
      this.#skipped += end;
      rest = rest.subarray(end);
    }
    this.#final = rest.length >= STATUS_LINE_BYTES && !STATUS_LINE.test(rest.toString("latin1", 0, STATUS_LINE_BYTES));
    if (this.#final) return rest;
    this.#head.append(rest);
    return rest.subarray(0, 0);
  }
}

/** Where the head ends that these bytes begin with; nothing: its end has not come. */
function endOfHead(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}
