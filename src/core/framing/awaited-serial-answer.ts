import { answerLength, byteCount, EXCEPTION_PDU } from "./answer-shape.js";
import { CRC_LENGTH, crcFits, shortestWithCrc } from "./crc16.js";
import type { Cut, Framing } from "./framing.js";
import { ANSWER_LENGTHS, EXCEPTION_BIT, type LengthRule, lengthBy } from "./function-codes.js";

/** Shortest and longest frame (MODBUS over Serial Line V1.02, 2.5.1). The shortest one has unit, function code and CRC. */
export const FRAME_MIN = 4;
export const FRAME_MAX = 256;
const NOTHING = Buffer.alloc(0);
const REASON = "bytes that are no answer to the request";

/** A frame that may come: its first bytes, and its length where the request tells it, or a rule, or nothing but the CRC. */
interface Shape {
  readonly begin: Buffer;
  readonly length: number | LengthRule | undefined;
}

/** What a shape is at an index: a whole frame, none, or perhaps one when more bytes have come. */
type Reading = number | "none" | "more";

/** The frames that may come behind a request: its answer, an exception, and its echo, which some adapters send. */
function shapesBehind(request: Buffer): readonly Shape[] {
  const [unit = 0, code = 0] = request;
  const pdu = request.subarray(1, request.length - CRC_LENGTH);
  const whole = (length: number | undefined): number | undefined =>
    length === undefined ? undefined : 1 + length + CRC_LENGTH;
  const count = byteCount(pdu);
  const length = answerLength(pdu);
  const repeated = count === undefined && length !== undefined; // address and value, say
  const begin = repeated
    ? request.subarray(0, 1 + length)
    : Buffer.of(unit, code, ...(count === undefined ? [] : [count]));
  const answer: Shape = { begin: Buffer.from(begin), length: whole(length) ?? ANSWER_LENGTHS.get(code) };
  const exception: Shape = { begin: Buffer.of(unit, code | EXCEPTION_BIT), length: whole(EXCEPTION_PDU) };
  const echo: Shape = { begin: Buffer.from(request), length: request.length };
  return code < EXCEPTION_BIT ? [answer, exception, echo] : [answer, echo];
}

/**
 * Finds the answer to one request among any bytes: vendor frames, noise, banners. TCP loses the silence between frames, so bytes that by chance
 * look like the beginning of the answer must not keep the framing from an answer behind them: of all frames with a right CRC the one that ends
 * first counts.
 */
export class AwaitedSerialAnswer implements Framing {
  readonly #shapes: readonly Shape[];
  readonly #unit: number;
  /** From where on a frame may begin. */
  #held = NOTHING;

  /** @param request the whole frame */
  constructor(request: Buffer) {
    this.#shapes = shapesBehind(request);
    this.#unit = request[0] ?? 0;
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
      if (start > at) cuts.push({ kind: "junk", bytes: bytes.subarray(at, start), reason: REASON });
      at = start;
      if (end === undefined) break;
      cuts.push({ kind: "frame", bytes: bytes.subarray(start, end) });
      at = end;
    }
    this.#held = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at)); // shorter than FRAME_MAX
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#held;
    this.#held = NOTHING;
    return bytes.length === 0 ? [] : [{ kind: "junk", bytes, reason: "the stream ended within a frame" }];
  }

  /** The frame from `from` on that ends first; without one, `start` is where a frame may have begun. */
  #find(bytes: Buffer, from: number): { readonly start: number; readonly end: number | undefined } {
    let start = bytes.length;
    let end: number | undefined;
    let begun: number | undefined;
    for (let at = bytes.indexOf(this.#unit, from); at >= 0; at = bytes.indexOf(this.#unit, at + 1)) {
      if (at + FRAME_MIN >= (end ?? Number.POSITIVE_INFINITY)) break;
      for (const shape of this.#shapes) {
        const reading = read(shape, bytes, at);
        if (reading === "more") begun ??= at;
        else if (reading !== "none" && at + reading < (end ?? Number.POSITIVE_INFINITY))
          [start, end] = [at, at + reading];
      }
    }
    return end === undefined ? { start: begun ?? bytes.length, end } : { start, end };
  }
}

function read({ begin, length }: Shape, bytes: Buffer, at: number): Reading {
  const there = bytes.length - at;
  const known = Math.min(there, begin.length);
  if (bytes.compare(begin, 0, known, at, at + known) !== 0) return "none";
  if (length === undefined) {
    if (there < begin.length) return "more";
    return shortestWithCrc(bytes, at, FRAME_MIN, FRAME_MAX) ?? (there < FRAME_MAX ? "more" : "none");
  }
  const whole = typeof length === "number" ? length : lengthBy(length, bytes, at);
  if (whole === undefined) return "more";
  if (whole > FRAME_MAX) return "none";
  if (there < whole) return "more";
  return crcFits(bytes, at, at + whole) ? whole : "none";
}
