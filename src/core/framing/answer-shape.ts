import { EXCEPTION_BIT } from "./function-codes.js";

// The shapes of answers, MODBUS Application Protocol Specification V1.1b3, chapter 6. A PDU is a function code and what follows it.

/** A function code and one exception code (chapter 7). */
export const EXCEPTION_PDU = 2;
/** Function code, address, and quantity or value: what requests for reads of coils and registers consist of. */
const ADDRESS_AND_QUANTITY = 5;
const QUANTITY_AT = 3;
const BITS_PER_BYTE = 8;
const BYTES_PER_REGISTER = 2;

/** Function codes whose answers hold as many bits, or registers, as the request asks for (6.1 to 6.4, 6.17). */
const BITS = new Set([1, 2]);
const REGISTERS = new Set([3, 4, 23]);

/** Bytes of the request's PDU that the answer consists of, by function (6.5, 6.6, 6.11, 6.12, 6.16). */
export const REPEATED_BYTES: ReadonlyMap<number, number> = new Map([
  [5, 5],
  [6, 5],
  [15, 5],
  [16, 5],
  [22, 7],
]);

/**
 * What the byte count of the answer must say: how many bytes of values the request asks for.
 *
 * @param request the PDU of the request
 * @returns undefined: the answer has no byte count that the request tells
 */
export function byteCount(request: Buffer): number | undefined {
  const code = request[0] ?? 0;
  if (request.length < ADDRESS_AND_QUANTITY) return undefined;
  if (BITS.has(code)) return Math.ceil(request.readUInt16BE(QUANTITY_AT) / BITS_PER_BYTE);
  return REGISTERS.has(code) ? request.readUInt16BE(QUANTITY_AT) * BYTES_PER_REGISTER : undefined;
}

/** Whether an answer is the exception to the request. A function code from 0x80 on has no exception that could be told from its answer. */
function isExceptionTo(answer: Buffer, request: Buffer): boolean {
  const code = request[0] ?? 0;
  return code < EXCEPTION_BIT && answer[0] === (code | EXCEPTION_BIT);
}

/** Whether an answer, or an exception, is of the function of the request. */
export function sameFunction(answer: Buffer, request: Buffer): boolean {
  return answer.length > 0 && (answer[0] === request[0] || isExceptionTo(answer, request));
}

/**
 * The length of the PDU that answers a request, apart from an exception.
 *
 * @param request the PDU of the request
 * @returns bytes; undefined where the request does not tell it
 */
export function answerLength(request: Buffer): number | undefined {
  const values = byteCount(request);
  return values === undefined ? REPEATED_BYTES.get(request[0] ?? 0) : 2 + values;
}

/**
 * Whether an answer has the shape that the request asks for. The byte count fits the number of coils, inputs or registers (functions 1 to 4
 * and 23). Address, quantity, value and masks are those of the request (functions 5, 6, 15, 16 and 22). An exception is a function code and
 * one byte. Of other functions only the function code counts.
 *
 * @param answer the PDU of the answer
 * @param request the PDU of the request
 */
export function fitsRequest(answer: Buffer, request: Buffer): boolean {
  if (isExceptionTo(answer, request)) return answer.length === EXCEPTION_PDU;
  if (answer[0] !== request[0]) return false;
  const values = byteCount(request);
  if (values !== undefined) return answer.length === 2 + values && answer[1] === values;
  const repeated = REPEATED_BYTES.get(request[0] ?? 0);
  return repeated === undefined || answer.equals(request.subarray(0, repeated));
}
