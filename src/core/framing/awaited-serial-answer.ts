import { answerLength, byteCount, EXCEPTION_PDU } from "./answer-shape.js";
import { CRC_LENGTH, crcFits, lengthByCrc } from "./crc16.js";
import { ANSWER_LENGTHS, EXCEPTION_BIT, type LengthRule, lengthBy } from "./function-codes.js";
import { type FrameReading, ScanningFraming } from "./scanning-framing.js";

/** Shortest and longest frame (MODBUS over Serial Line V1.02, 2.5.1). The shortest one has unit, function code and CRC. */
export const FRAME_MIN = 4;
export const FRAME_MAX = 256;
const REASON = "bytes that are no answer to the request";

/** A frame that may come: its first bytes, and its length where the request tells it, or a rule, or nothing but the CRC. */
interface Shape {
  readonly begin: ArrayLike<number>;
  readonly length: number | LengthRule | undefined;
}

/** The frames that may come behind a request: its answer, an exception, and its echo, which some adapters send. */
function shapesBehind(request: Buffer): readonly Shape[] {
  const [unit = 0, code = 0] = request;
  const pdu = request.subarray(1, request.length - CRC_LENGTH);
  const whole = (length: number | undefined): number | undefined =>
    length === undefined ? undefined : 1 + length + CRC_LENGTH;
  const count = byteCount(pdu);
  const length = answerLength(pdu);
  const repeated = count === undefined && length !== undefined; // address and value, say
  const own = Buffer.from(request);
  const counted = count === undefined ? [unit, code] : [unit, code, count];
  const begin = repeated ? own.subarray(0, 1 + length) : counted;
  const answer: Shape = { begin, length: whole(length) ?? ANSWER_LENGTHS.get(code) };
  const exception: Shape = { begin: [unit, code | EXCEPTION_BIT], length: whole(EXCEPTION_PDU) };
  const echo: Shape = { begin: own, length: request.length };
  return code < EXCEPTION_BIT ? [answer, exception, echo] : [answer, echo];
}

/**
 * Finds the answer to one request among any bytes: vendor frames, noise, banners.
 *
 * @param request the whole frame
 */
export function awaitedSerialAnswer(request: Buffer): ScanningFraming {
  const readers = shapesBehind(request).map((shape) => (bytes: Buffer, at: number) => read(shape, bytes, at));
  return new ScanningFraming({ first: request[0] ?? 0, shortest: FRAME_MIN, readers, junk: REASON });
}

function read({ begin, length }: Shape, bytes: Buffer, at: number): FrameReading {
  const there = bytes.length - at;
  const known = Math.min(there, begin.length);
  for (let index = 1; index < known; index += 1) if (bytes[at + index] !== begin[index]) return "none"; // the first is there
  if (length === undefined) {
    if (there < begin.length) return "more";
    return lengthByCrc(bytes, at, FRAME_MIN, FRAME_MAX) ?? (there < FRAME_MAX ? "more" : "none");
  }
  const whole = typeof length === "number" ? length : lengthBy(length, bytes, at);
  if (whole === undefined) return "more";
  if (whole > FRAME_MAX) return "none";
  if (there < whole) return "more";
  return crcFits(bytes, at, at + whole) ? whole : "none";
}
