import { FRAME_MAX, FRAME_MIN } from "./awaited-serial-answer.js";
import { CRC_LENGTH, crcFits, shortestWithCrc } from "./crc16.js";
import { lengthBy, REQUEST_LENGTHS } from "./function-codes.js";
import type { HeaderReading } from "./length-prefixed.js";

const CODE_AT = 1;

/**
 * Reads a request of a client on bare RTU. A client sends nothing but requests, so bytes that begin none are told at once: a client whose CRC
 * is wrong must not wait for an answer. Only behind an unknown function code the CRC has to show where the request ends.
 */
export function readSerialRequest(bytes: Buffer, at: number): HeaderReading {
  const there = bytes.length - at;
  const code = bytes[at + CODE_AT];
  if (code === undefined) return { kind: "more", need: CODE_AT + 1 };
  if (code === 0) return { kind: "lost", reason: "function code 0: there is no such" };
  const rule = REQUEST_LENGTHS.get(code);
  if (rule === undefined) {
    const length = shortestWithCrc(bytes, at, FRAME_MIN, FRAME_MAX);
    if (length !== undefined) return { kind: "frame", length };
    if (there < FRAME_MAX) return { kind: "more", need: there + 1 };
    return { kind: "lost", reason: `function code ${code}: no CRC within ${FRAME_MAX} bytes` };
  }
  const length = lengthBy(rule, bytes, at);
  if (length === undefined) return { kind: "more", need: there + 1 };
  if (length > FRAME_MAX)
    return { kind: "lost", reason: `function code ${code} of ${length} bytes: ${FRAME_MAX} is the most` };
  if (there < length) return { kind: "more", need: length };
  if (crcFits(bytes, at, at + length)) return { kind: "frame", length };
  const crc = bytes.toString("hex", at + length - CRC_LENGTH, at + length);
  return { kind: "lost", reason: `CRC ${crc} is wrong for function code ${code} of ${length} bytes` };
}
