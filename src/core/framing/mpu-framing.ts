import { printable } from "../parse/text.js";
import type { FramingKind } from "./framing.js";
import { type HeaderReading, LengthPrefixed } from "./length-prefixed.js";

const HEADER = 4;

/** Length 0 is a message as in ISO 8583 with a binary length. Behind a header that is no number, nobody knows where the next begins. */
function lookAt(bytes: Buffer, at: number): HeaderReading {
  const there = bytes.length - at;
  if (there < HEADER) return { kind: "more", need: HEADER };
  const header = bytes.toString("latin1", at, at + HEADER);
  if (!/^\d{4}$/.test(header))
    return { kind: "lost", reason: `MPU length "${printable(header)}": four digits are wanted` };
  const length = HEADER + Number(header);
  return there < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** ISO 8583 behind an MPU switch: four digits in ASCII tell the length of the message behind them. */
export const mpu: FramingKind = {
  name: "mpu",
  help: "MPU switch: four digits of length, then the ISO 8583 message",
  maxHeld: HEADER + 9999,
  requests: () => new LengthPrefixed(lookAt),
  answers: () => new LengthPrefixed(lookAt),
};
