import { answerLength, byteCount, EXCEPTION_PDU } from "./answer-shape.js";
import { EXCEPTION_BIT } from "./function-codes.js";
import type { HeaderReading } from "./length-prefixed.js";
import { CODE_AT, declaredLength, MBAP_HEADER, PROTOCOL_AT, UNIT_AND_PDU_MIN } from "./mbap.js";

/** The last 256 requests are remembered, by the low byte of their id: ids count up. The answer to an earlier one does not come any more. */
const LOW_BYTE = 0xff;
/** Of the header of an answer these bytes are those of its request: the transaction id, and the protocol id 0. */
const KNOWN_OF_HEADER = 4;
const UNIT = 1;

/**
 * The requests on one link whose answers may come. Devices write wrong lengths into the MBAP header: the length of the request, or of another
 * answer. So an answer that has the length which its request asks for is believed, and the header is not.
 */
export class ExpectedAnswers {
  readonly #requests: (Buffer | undefined)[] = Array(LOW_BYTE + 1).fill(undefined);
  readonly #crcSize: number;
  /** The answer to the last request may carry another id: some devices count their answers themselves. */
  #last: Buffer | undefined;

  /** @param crcSize bytes of the CRC behind each PDU */
  constructor(crcSize: number) {
    this.#crcSize = crcSize;
  }

  /** The device gets this request now. */
  expect(request: Buffer): void {
    this.#last = request;
    this.#requests[request.readUInt16BE() & LOW_BYTE] = request;
  }

  /** A message with this transaction id has come. */
  answered(id: number): void {
    if (this.#find(id) !== undefined) this.#requests[id & LOW_BYTE] = undefined;
  }

  #find(id: number): Buffer | undefined {
    const request = this.#requests[id & LOW_BYTE];
    return request?.readUInt16BE() === id ? request : undefined;
  }

  /**
   * The length of unit and PDU that the answer at an index must have.
   *
   * @returns bytes; undefined where nothing but the header tells it; or what is necessary to say more
   */
  lengthOf(bytes: Buffer, at: number): number | undefined | HeaderReading {
    const code = bytes[at + CODE_AT];
    if (code === undefined) return { kind: "more", need: CODE_AT + 1 };
    const request = this.#find(bytes.readUInt16BE(at)) ?? this.#last;
    const asked = request?.[CODE_AT] ?? 0;
    if (code >= EXCEPTION_BIT) return asked >= EXCEPTION_BIT ? undefined : UNIT + EXCEPTION_PDU;
    if (request === undefined || asked !== code) return undefined;
    const pdu = request.subarray(CODE_AT, request.length - this.#crcSize);
    const values = byteCount(pdu);
    if (values !== undefined) {
      const found = bytes[at + CODE_AT + 1];
      if (found === undefined) return { kind: "more", need: CODE_AT + 2 };
      if (found !== values) return undefined;
    }
    const length = answerLength(pdu);
    return length === undefined ? undefined : this.#unlessEcho(UNIT + length, request, bytes, at);
  }

  /**
   * Some adapters send the request back before the answer. What is the whole request is its echo, though it may look like the beginning of a longer
   * answer. What begins like the request is a shorter answer only if nothing more comes.
   */
  #unlessEcho(length: number, request: Buffer, bytes: Buffer, at: number): number | undefined | HeaderReading {
    const whole = MBAP_HEADER + length + this.#crcSize;
    if (whole === request.length) return length;
    const there = Math.min(bytes.length - at, request.length);
    if (bytes.compare(request, PROTOCOL_AT, there, at + PROTOCOL_AT, at + there) !== 0) return length;
    if (there === request.length) return undefined;
    if (whole > request.length) return { kind: "more", need: request.length };
    return { kind: "more", need: there < whole ? whole : request.length, whole };
  }

  /** Whether a header begins at an index, with a length up to `max`; of an awaited answer, with any length. */
  beginsHeader(bytes: Buffer, at: number, max: number): boolean {
    const length = declaredLength(bytes, at);
    if (typeof length !== "number") return false;
    return (length >= UNIT_AND_PDU_MIN && length <= max) || this.#find(bytes.readUInt16BE(at)) !== undefined;
  }

  /**
   * Whether the answer to another request begins at an index, as far as the bytes up to `end` show it.
   *
   * @param id the transaction id of the message before
   */
  beginsOther(bytes: Buffer, at: number, end: number, id: number): boolean {
    const known = Math.min(KNOWN_OF_HEADER, end - at);
    return this.#requests.some(
      (other) =>
        other !== undefined && other.readUInt16BE() !== id && other.compare(bytes, at, at + known, 0, known) === 0,
    );
  }
}
