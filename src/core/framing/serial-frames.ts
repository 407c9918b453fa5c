import { FRAME_MAX, FRAME_MIN } from "./awaited-serial-answer.js";
import { CRC_LENGTH, crcFits, lengthByCrc } from "./crc16.js";
import { lengthBy, type RuleOf } from "./function-codes.js";
import type { HeaderReading } from "./length-prefixed.js";

const CODE_AT = 1;

/** What begins at an index: a frame, perhaps one when more bytes have come, or none. */
type SerialReading = Exclude<HeaderReading, { kind: "junk" }>;

/** Reads frames of bare RTU. The function code tells where a frame ends; behind an unknown one the CRC has to show it. */
export function serialFrames(ruleOf: RuleOf): (bytes: Buffer, at: number) => SerialReading {
  return (bytes, at) => {
    const there = bytes.length - at;
    const code = bytes[at + CODE_AT];
    if (code === undefined) return { kind: "more", need: CODE_AT + 1 };
    if (code === 0) return none("function code 0: there is no such");
    const rule = ruleOf(code);
    if (rule === undefined) {
      const length = lengthByCrc(bytes, at, FRAME_MIN, FRAME_MAX);
      if (length !== undefined) return { kind: "frame", length };
      if (there < FRAME_MAX) return { kind: "more", need: there + 1 };
      return none(`function code ${code}: no CRC within ${FRAME_MAX} bytes`);
    }
    const length = lengthBy(rule, bytes, at);
    if (length === undefined) return { kind: "more", need: there + 1 };
    if (length > FRAME_MAX) return none(`function code ${code} of ${length} bytes: ${FRAME_MAX} is the most`);
    if (there < length) return { kind: "more", need: length };
    if (crcFits(bytes, at, at + length)) return { kind: "frame", length };
    const crc = bytes.toString("hex", at + length - CRC_LENGTH, at + length);
    return none(`CRC ${crc} is wrong for function code ${code} of ${length} bytes`);
  };
}

function none(reason: string): SerialReading {
  return { kind: "lost", reason };
}
