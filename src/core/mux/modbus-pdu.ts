import { EXCEPTION_BIT } from "../framing/function-codes.js";
import type { Failure, Writes } from "./protocol.js";

// MODBUS Application Protocol Specification V1.1b3: function codes (chapter 6), exception codes (chapter 7)

/** Functions that change nothing: coils, inputs, registers, exception status, counters, server id, file record, FIFO. */
const READ_FUNCTIONS = new Set([1, 2, 3, 4, 7, 11, 12, 17, 20, 24]);
/** Reads of coils, inputs and registers: their answer depends on nothing but the state of the device. */
const SHAREABLE_FUNCTIONS = new Set([1, 2, 3, 4]);
const DEVICE_IDENTIFICATION = [43, 14];

/** Bytes of the request's PDU that the answer repeats, by function (6.5, 6.6, 6.11, 6.12, 6.15, 6.16). */
const REPEATED_BYTES: Readonly<Record<number, number>> = {
  5: 5,
  6: 5,
  15: 5,
  16: 5,
  21: Number.POSITIVE_INFINITY,
  22: 7,
};

const ILLEGAL_FUNCTION = 0x01;
const EXCEPTION_OF: Readonly<Record<Failure, number>> = {
  "queue full": 0x06, // server device busy
  "no path": 0x0a, // gateway path unavailable
  "no answer": 0x0b, // gateway target device failed to respond
  "unit silent": 0x0b,
  "link lost": 0x0b,
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
  return code === DEVICE_IDENTIFICATION[0] && kind === DEVICE_IDENTIFICATION[1];
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
  return writeDoneReply(pdu) ?? exceptionReply(pdu, EXCEPTION_OF["no answer"]);
}

/** The exception that tells a client why its request failed. */
export function failureReply(pdu: Buffer, why: Failure): Buffer {
  return exceptionReply(pdu, EXCEPTION_OF[why]);
}

/** The reply to a write that RDON keeps from the device. */
export function blockedWriteReply(pdu: Buffer, writes: Exclude<Writes, "pass">): Buffer {
  return (writes === "ignore" ? writeDoneReply(pdu) : undefined) ?? exceptionReply(pdu, ILLEGAL_FUNCTION);
}

/** An exception to a request. */
export function exceptionReply(pdu: Buffer, code: number): Buffer {
  return Buffer.of((pdu[0] ?? 0) | EXCEPTION_BIT, code);
}

/** The answer of a device that has done the write; nothing where that answer says more than the request does. */
function writeDoneReply(pdu: Buffer): Buffer | undefined {
  const length = REPEATED_BYTES[pdu[0] ?? 0];
  return length === undefined ? undefined : Buffer.from(pdu.subarray(0, length));
}

/** Whether an answer is an exception. */
export function isException(answer: Buffer): boolean {
  return ((answer[0] ?? 0) & EXCEPTION_BIT) !== 0;
}

/** Whether a gateway says that the unit has not answered it. */
export function isUnitSilent(answer: Buffer): boolean {
  return isException(answer) && answer[1] === EXCEPTION_OF["no answer"];
}

const LAST_REFUSAL = 4; // illegal function, address, value, and device failure, as some answer for what they do not have (chapter 7)

/** Whether an exception says that the device does not do what was asked for: some of it may be possible. */
export function isRefusal(answer: Buffer): boolean {
  const code = answer[1] ?? 0;
  return isException(answer) && code >= ILLEGAL_FUNCTION && code <= LAST_REFUSAL;
}
