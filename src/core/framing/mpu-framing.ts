import { printable } from "../parse/text.js";
import type { FramingKind } from "./framing.js";
import { type HeaderReading, LengthPrefixed } from "./length-prefixed.js";

const HEADER = 4;

/** Length 0 is a message, as with a binary length. Behind a header that is no number, the next message cannot be found. */
function readHeader(bytes: Buffer, at: number): HeaderReading {
  const available = bytes.length - at;
  if (available < HEADER) return { kind: "more", need: HEADER };
  const header = bytes.toString("latin1", at, at + HEADER);
  if (!/^\d{4}$/.test(header))
    return { kind: "lost", reason: `MPU length "${printable(header)}": four digits are wanted` };
  const length = HEADER + Number(header);
  return available < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** ISO 8583 behind an MPU switch: the length of the message in four ASCII digits, and the message. */
export const mpuFraming: FramingKind = {
  name: "mpu",
  maxHeld: HEADER + 9999,
  requests: () => new LengthPrefixed(readHeader),
  answers: () => new LengthPrefixed(readHeader),
};
