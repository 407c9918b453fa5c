import type { Failure, Writes } from "./protocol.js";

// MODBUS Application Protocol Specification V1.1b3: function codes (chapter 6), exception codes (chapter 7)

/** Functions that only ask: coils, inputs, registers, exception status, counters, server id, file record, FIFO. */
const READS = new Set([1, 2, 3, 4, 7, 11, 12, 17, 20, 24]);
/** Those whose answer depends on nothing but the state of the device: coils, inputs, registers. */
const SHAREABLE = new Set([1, 2, 3, 4]);
const DEVICE_IDENTIFICATION = [43, 14];
const EXCEPTION = 0x80;

/** Functions whose answer repeats so many bytes of the request's PDU (6.5, 6.6, 6.11, 6.12, 6.16), or all of it. */
const REPEATED: Readonly<Record<number, number>> = { 5: 5, 6: 5, 15: 5, 16: 5, 21: Number.POSITIVE_INFINITY, 22: 7 };

const ILLEGAL_FUNCTION = 0x01;
const EXCEPTION_OF: Readonly<Record<Failure, number>> = {
  "queue full": 0x06, // server device busy
  "no path": 0x0a, // gateway path unavailable
  "no answer": 0x0b, // gateway target device failed to respond
  "link lost": 0x0b,
};

/** Whether a request changes nothing in the device. What is not known to only ask counts as a write. */
export function onlyReads(pdu: Buffer): boolean {
  const [code = 0, kind] = pdu;
  return READS.has(code) || (code === DEVICE_IDENTIFICATION[0] && kind === DEVICE_IDENTIFICATION[1]);
}

/** Whether the answer to a request may be given to all who ask the same. */
export function isShareable(pdu: Buffer): boolean {
  return SHAREABLE.has(pdu[0] ?? 0);
}

/** The answer to a request that has failed. */
export function failedPdu(pdu: Buffer, why: Failure): Buffer {
  return exceptionPdu(pdu, EXCEPTION_OF[why]);
}

/** The answer to a request that is kept from the device; nothing when it may pass. */
export function keptPdu(pdu: Buffer, writes: Writes): Buffer | undefined {
  if (writes === "pass" || onlyReads(pdu)) return undefined;
  return (writes === "ignore" ? donePdu(pdu) : undefined) ?? exceptionPdu(pdu, ILLEGAL_FUNCTION);
}

function exceptionPdu(pdu: Buffer, code: number): Buffer {
  return Buffer.of((pdu[0] ?? 0) | EXCEPTION, code);
}

/** The answer that says a write has been done; nothing where its answer holds more than the request. */
function donePdu(pdu: Buffer): Buffer | undefined {
  const length = REPEATED[pdu[0] ?? 0];
  return length === undefined ? undefined : Buffer.from(pdu.subarray(0, length));
}

/** Whether an answer is an exception. */
export function isException(answer: Buffer): boolean {
  return ((answer[0] ?? 0) & EXCEPTION) !== 0;
}

/** Whether an answer is of the function that a request asked for, an exception included. */
export function sameFunction(answer: Buffer, request: Buffer): boolean {
  return answer.length > 0 && ((answer[0] ?? 0) & ~EXCEPTION) === request[0];
}
