import type { HeaderReading } from "./length-prefixed.js";

/** Transaction id, protocol id and length, two bytes each (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3). */
export const MBAP_HEADER = 6;
/** Shortest unit and PDU: the unit and a function code. */
export const UNIT_AND_PDU_MIN = 2;
/** Longest unit and PDU of a request: a PDU of 253 bytes (MODBUS Application Protocol Specification V1.1b3, 4.1). */
export const UNIT_AND_PDU_MAX = 254;
/** Longest unit and PDU of an answer: one byte more, because some devices send it. */
export const LONGEST_ANSWER = 255;

/** Where the unit stands in a message, and where the PDU, which begins with the function code. */
export const UNIT_AT = MBAP_HEADER;
export const CODE_AT = UNIT_AT + 1;

/** Where the id of the protocol stands: from here on an echo is the request. */
export const PROTOCOL_AT = 2;
export const LENGTH_AT = 4;

/**
 * Reads an MBAP header. Behind a wrong header the next message cannot be found.
 *
 * @param min lowest valid value of the length field
 * @param max highest valid value of the length field
 * @returns the value of the length field, where the header is complete and right
 */
export function readMbap(bytes: Buffer, at: number, min: number, max: number): number | HeaderReading {
  if (bytes.length - at < MBAP_HEADER) return { kind: "more", need: MBAP_HEADER };
  const protocol = bytes.readUInt16BE(at + PROTOCOL_AT);
  if (protocol !== 0) return { kind: "lost", reason: `MBAP protocol id ${protocol}: 0 is wanted` };
  const length = bytes.readUInt16BE(at + LENGTH_AT);
  if (length >= min && length <= max) return length;
  return { kind: "lost", reason: `MBAP length ${length}: ${min} to ${max} is wanted` };
}

/** What the length field says, whatever that is; or that the bytes are no MBAP header, or too few of one. */
export function declaredLength(bytes: Buffer, at: number): number | HeaderReading {
  return readMbap(bytes, at, 0, 0xffff);
}
