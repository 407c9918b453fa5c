import type { FramingKind } from "./framing.js";
import { type HeaderReading, LengthPrefixed } from "./length-prefixed.js";

const HEADER = 2;

/** Every length is taken, 0 too: hosts send such a message as a sign of life, and its answer is awaited like any other. */
function lookAt(bytes: Buffer, at: number): HeaderReading {
  const there = bytes.length - at;
  if (there < HEADER) return { kind: "more", need: HEADER };
  const length = HEADER + bytes.readUInt16BE(at);
  return there < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** ISO 8583 over TCP as most hosts speak it: two bytes, high byte first, tell the length of the message behind them. */
export const iso8583: FramingKind = {
  name: "iso8583",
  help: "ISO 8583: two bytes of length, then the message",
  maxHeld: HEADER + 0xffff,
  requests: () => new LengthPrefixed(lookAt),
  answers: () => new LengthPrefixed(lookAt),
};
