import { REPEATED_BYTES } from "../framing/answer-shape.js";
import { DEVICE_IDENTIFICATION, EXCEPTION_BIT } from "../framing/function-codes.js";
import { EXCEPTION } from "./modbus-exceptions.js";
import type { Failure, Writes } from "./protocol.js";

// MODBUS Application Protocol Specification V1.1b3, chapter 6: function codes

/** Units and function codes are bytes. */
export const MAX_UNIT = 255;
export const MAX_FUNCTION = 255;

/** Functions that change nothing: coils, inputs, registers, exception status, counters, server id, file record, FIFO. */
const READ_FUNCTIONS = new Set([1, 2, 3, 4, 7, 11, 12, 17, 20, 24]);
/** Reads of coils, inputs and registers: their answer depends on nothing but the state of the device. */
const SHAREABLE_FUNCTIONS = new Set([1, 2, 3, 4]);

/** Its answer repeats the whole request (6.15). */
const WRITE_FILE_RECORD = 21;

const EXCEPTION_OF: Readonly<Record<Failure, number>> = {
  "queue full": EXCEPTION.deviceBusy,
  "no path": EXCEPTION.noPath,
  "no answer": EXCEPTION.noResponse,
  "unit silent": EXCEPTION.noResponse,
  "link lost": EXCEPTION.noResponse,
};

/** Functions that write: coils, registers, file records (6.5, 6.6, 6.11, 6.12, 6.15 to 6.17). */
export const WRITE_FUNCTIONS: ReadonlySet<number> = new Set([5, 6, 15, 16, 21, 22, 23]);

/**
 * Whether a request changes nothing in the device. An unknown function counts as a write.
 *
 * @param reads further functions that only read (READ)
 */
export function isRead(pdu: Buffer, reads: readonly number[] = []): boolean {
  const [code = 0, kind] = pdu;
  if (READ_FUNCTIONS.has(code) || reads.includes(code)) return true;
  return code === DEVICE_IDENTIFICATION.code && kind === DEVICE_IDENTIFICATION.kind;
}

/**
 * Whether all clients that send the same request may share one answer.
 *
 * @param reads further functions whose answer they may share (READ)
 */
export function isShareable(pdu: Buffer, reads: readonly number[] = []): boolean {
  const [code = 0] = pdu;
  return SHAREABLE_FUNCTIONS.has(code) || reads.includes(code);
}

/**
 * What the writer gets for a write to a unit that no device answers (BCST): the answer of a device that has done the write, or exception 0x0B
 * where that answer says more than the request does.
 */
export function broadcastReply(pdu: Buffer): Buffer {
  return writeDoneReply(pdu) ?? exceptionReply(pdu, EXCEPTION.noResponse);
}

/** The exception that tells a client why its request failed. */
export function failureReply(pdu: Buffer, why: Failure): Buffer {
  return exceptionReply(pdu, EXCEPTION_OF[why]);
}

/** The reply to a write that RDON keeps from the device. */
export function blockedWriteReply(pdu: Buffer, writes: Exclude<Writes, "pass">): Buffer {
  return (writes === "ignore" ? writeDoneReply(pdu) : undefined) ?? exceptionReply(pdu, EXCEPTION.illegalFunction);
}

/** An exception to a request. */
export function exceptionReply(pdu: Buffer, code: number): Buffer {
  return Buffer.of((pdu[0] ?? 0) | EXCEPTION_BIT, code);
}

/** The answer of a device that has done the write; nothing where that answer says more than the request does. */
function writeDoneReply(pdu: Buffer): Buffer | undefined {
  const [code = 0] = pdu;
  const length = code === WRITE_FILE_RECORD ? pdu.length : REPEATED_BYTES.get(code);
  return length === undefined ? undefined : Buffer.from(pdu.subarray(0, length));
}

/** Whether an answer is an exception. */
export function isException(answer: Buffer): boolean {
  return ((answer[0] ?? 0) & EXCEPTION_BIT) !== 0;
}

/** Whether a gateway says that the unit has not answered it. */
export function isUnitSilent(answer: Buffer): boolean {
  return isException(answer) && answer[1] === EXCEPTION.noResponse;
}

/** Some devices answer with a failure for what they do not have. */
const REFUSALS: readonly number[] = [
  EXCEPTION.illegalFunction,
  EXCEPTION.illegalAddress,
  EXCEPTION.illegalValue,
  EXCEPTION.deviceFailure,
];

/** Whether an exception says that the device does not do what was asked for: some of it may be possible. */
export function isRefusal(answer: Buffer): boolean {
  return isException(answer) && REFUSALS.includes(answer[1] ?? 0);
}
