import type { FramingKind } from "./framing.js";
import { type HeaderReading, LengthPrefixed } from "./length-prefixed.js";

const HEADER = 2;

/** Length 0 is a message, too: hosts send it as a sign of life, and expect an answer as for any other message. */
function readHeader(bytes: Buffer, at: number): HeaderReading {
  const available = bytes.length - at;
  if (available < HEADER) return { kind: "more", need: HEADER };
  const length = HEADER + bytes.readUInt16BE(at);
  return available < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** ISO 8583 over TCP as most hosts speak it: the length of the message in two bytes, high byte first, and the message. */
export const iso8583Framing: FramingKind = {
  name: "iso8583",
  maxHeld: HEADER + 0xffff,
  requests: () => new LengthPrefixed(readHeader),
  answers: () => new LengthPrefixed(readHeader),
};
