import { CRC_LENGTH, crcFits } from "./crc16.js";
import type { FramingKind } from "./framing.js";
import { type HeaderReader, type HeaderReading, LengthPrefixed } from "./length-prefixed.js";
import { MBAP_HEADER, readMbap, UNIT_AND_PDU_MAX, UNIT_AND_PDU_MIN } from "./mbap.js";

/** A way to fill in the length field. */
interface Way {
  /** Bytes of CRC behind what the length field counts. */
  readonly uncounted: number;
  readonly min: number;
  readonly max: number;
}

const COUNTED: Way = { uncounted: 0, min: UNIT_AND_PDU_MIN + CRC_LENGTH, max: UNIT_AND_PDU_MAX + CRC_LENGTH };
const UNCOUNTED: Way = { uncounted: CRC_LENGTH, min: UNIT_AND_PDU_MIN, max: UNIT_AND_PDU_MAX };

/**
 * Devices disagree whether the length field counts the CRC; the first message whose CRC is right settles it for the stream. From
 * then on a wrong CRC costs that one message, and step is kept. Before, the longer of the two is given up: should that be too
 * much, the two bytes that are missing show in the next header, as a protocol id that is not 0.
 */
function lookForEither(): HeaderReader {
  let ways: readonly Way[] = [COUNTED, UNCOUNTED]; // the shorter message first: it can be told when the longer is not yet there

  return (bytes: Buffer, at: number): HeaderReading => {
    const field = readMbap(bytes, at, Math.min(...ways.map(({ min }) => min)), Math.max(...ways.map(({ max }) => max)));
    if (typeof field !== "number") return field;
    let length = 0;
    for (const way of ways) {
      if (field < way.min || field > way.max) continue;
      length = MBAP_HEADER + field + way.uncounted;
      if (bytes.length - at < length) return { kind: "more", need: length };
      if (crcFits(bytes, at + MBAP_HEADER, at + length)) {
        ways = [way];
        return { kind: "frame", length };
      }
    }
    const found = bytes.toString("hex", at + length - CRC_LENGTH, at + length);
    return { kind: "junk", length, reason: `CRC ${found} is wrong for a message of MBAP length ${field}` };
  };
}

/** Modbus/TCP as some gateways of serial lines speak it: the CRC of unit and PDU follows behind the PDU. */
export const modbusRtu: FramingKind = {
  name: "modbus-rtu",
  help: "Modbus/TCP with the CRC of the serial line behind the PDU",
  maxHeld: MBAP_HEADER + COUNTED.max,
  requests: () => new LengthPrefixed(lookForEither()),
  answers: () => new LengthPrefixed(lookForEither()),
};
