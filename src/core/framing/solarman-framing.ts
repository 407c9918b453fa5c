import type { FramingKind } from "./framing.js";
import { type FrameReading, ScanningFraming } from "./scanning-framing.js";

/*
 * Solarman V5, as its users have found it out (pysolarmanv5.readthedocs.io, "Solarman V5 Protocol"): a5, length of the payload, control
 * code, sequence number, serial number of the logger, payload, checksum, 15. Low bytes go first.
 */
const START = 0xa5;
const END = 0x15;
const LENGTH_AT = 1;
/** The low byte of every control code. The high byte follows it. */
const CONTROL = 0x10;
const CONTROL_AT = 3;
export const TYPE_AT = 4;
/** The low byte of the sequence number: an answer repeats that of its request. */
export const SEQUENCE_AT = 5;
export const SERIAL_AT = 7;
export const PAYLOAD_AT = 11;
/** Checksum and end. */
export const TRAILER = 2;
/** Longest payload. Those with Modbus have 270 bytes at most, those that loggers send on their own some hundred. */
const PAYLOAD_MAX = 1024;
const FRAME_MAX = PAYLOAD_AT + PAYLOAD_MAX + TRAILER;

/** The sum of all bytes between the first one and the checksum. */
function checksum(bytes: Buffer, at: number, length: number): number {
  let sum = 0;
  for (let index = at + 1; index < at + length - TRAILER; index += 1) sum += bytes[index] ?? 0;
  return sum & 0xff;
}

/** Writes the checksum of a frame into it. */
export function setChecksum(frame: Buffer): void {
  frame[frame.length - TRAILER] = checksum(frame, 0, frame.length);
}

/** A frame with this high byte of the control code. */
export function solarmanFrame(type: number, sequence: number, serial: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(PAYLOAD_AT + payload.length + TRAILER);
  frame[0] = START;
  frame.writeUInt16LE(payload.length, LENGTH_AT);
  frame[CONTROL_AT] = CONTROL;
  frame[TYPE_AT] = type;
  frame.writeUInt16LE(sequence, SEQUENCE_AT);
  frame.writeUInt32LE(serial, SERIAL_AT);
  payload.copy(frame, PAYLOAD_AT);
  frame[frame.length - 1] = END;
  setChecksum(frame);
  return frame;
}

function read(bytes: Buffer, at: number): FrameReading {
  const there = bytes.length - at;
  if (there > CONTROL_AT && bytes[at + CONTROL_AT] !== CONTROL) return "none";
  if (there < CONTROL_AT) return "more";
  const length = bytes.readUInt16LE(at + LENGTH_AT);
  if (length > PAYLOAD_MAX) return "none";
  const whole = PAYLOAD_AT + length + TRAILER;
  if (there < whole) return "more";
  const isRight = bytes[at + whole - 1] === END && bytes[at + whole - TRAILER] === checksum(bytes, at, whole);
  return isRight ? whole : "none";
}

const framing = (): ScanningFraming =>
  new ScanningFraming({
    first: START,
    shortest: PAYLOAD_AT + TRAILER,
    readers: [read],
    junk: "bytes that are no frame of Solarman V5",
  });

/** Solarman V5 of the data loggers of solar inverters. Loggers send lines of text, too, which begin no frame. */
export const solarmanFraming: FramingKind = {
  name: "solarman",
  maxHeld: FRAME_MAX,
  requests: framing,
  answers: framing,
};
