import type { Protocol, Request } from "./protocol.js";

const MAX_KEPT = 65_537 + 2; // the longest message of the protocols without ids
const FIRST_SIZE = 256;

/** Remembers the last answer on a link: a device that sends it again could answer the next request with it. */
export class LastAnswer {
  /** One memory for all answers, as large as the largest so far. */
  #memory = Buffer.alloc(FIRST_SIZE);
  #length = 0;
  #request: Request | undefined;
  /** Whether it equals its request. */
  #isEcho = false;

  /** The device has answered this request, which went out as `sent`. */
  remember(answer: Buffer, request: Request, sent: Buffer): void {
    this.#request = request;
    this.#isEcho = request.modbus !== undefined && answer.equals(sent);
    this.#length = answer.length > MAX_KEPT ? 0 : answer.length;
    if (this.#length > this.#memory.length) this.#memory = Buffer.alloc(this.#length);
    if (this.#length > 0) answer.copy(this.#memory);
  }

  /** Whether a message is that answer once more: the same bytes, or certainly an answer to the same request. */
  isRepeatedBy(message: Buffer, protocol: Protocol): boolean {
    if (this.#request === undefined) return false;
    if (this.#length === message.length && message.equals(this.#memory.subarray(0, this.#length))) return true;
    return this.isCertain(message, protocol) && protocol.isAnswerTo(message, this.#request);
  }

  /** Whether that answer was the echo of its request after all: here comes the true one. */
  wasEchoBefore(message: Buffer, protocol: Protocol): boolean {
    return this.#isEcho && this.#request !== undefined && protocol.isAnswerTo(message, this.#request);
  }

  /** Whether the protocol is certain if a message answers the last request. */
  isCertain(message: Buffer, protocol: Protocol): boolean {
    return this.#request !== undefined && protocol.isCertain?.(message, this.#request) === true;
  }
}
