import { CRC_LENGTH, crcFits } from "./crc16.js";
import type { FramingKind } from "./framing.js";
import { type HeaderReader, type HeaderReading, LengthPrefixed } from "./length-prefixed.js";
import { MBAP_HEADER, readMbap, UNIT_AND_PDU_MAX, UNIT_AND_PDU_MIN } from "./mbap.js";

/** A convention for the length field. */
interface Convention {
  /** Bytes of the CRC that the length field does not count. */
  readonly uncounted: number;
  readonly min: number;
  readonly max: number;
}

const COUNTED: Convention = { uncounted: 0, min: UNIT_AND_PDU_MIN + CRC_LENGTH, max: UNIT_AND_PDU_MAX + CRC_LENGTH };
const UNCOUNTED: Convention = { uncounted: CRC_LENGTH, min: UNIT_AND_PDU_MIN, max: UNIT_AND_PDU_MAX };

/**
 * Devices disagree whether the length field counts the CRC. The first message with a right CRC decides for the stream: from then on a wrong
 * CRC costs one message only. Before that, a message with a wrong CRC is discarded in the longer form. If two bytes too many were
 * discarded, the next header shows it: its protocol id is not 0.
 */
function readEither(): HeaderReader {
  let conventions: readonly Convention[] = [COUNTED, UNCOUNTED]; // the shorter message first: it is complete earlier

  return (bytes: Buffer, at: number): HeaderReading => {
    const field = readMbap(
      bytes,
      at,
      Math.min(...conventions.map(({ min }) => min)),
      Math.max(...conventions.map(({ max }) => max)),
    );
    if (typeof field !== "number") return field;
    let length = 0;
    for (const convention of conventions) {
      if (field < convention.min || field > convention.max) continue;
      length = MBAP_HEADER + field + convention.uncounted;
      if (bytes.length - at < length) return { kind: "more", need: length };
      if (crcFits(bytes, at + MBAP_HEADER, at + length)) {
        conventions = [convention];
        return { kind: "frame", length };
      }
    }
    const found = bytes.toString("hex", at + length - CRC_LENGTH, at + length);
    return { kind: "junk", length, reason: `CRC ${found} is wrong for a message of MBAP length ${field}` };
  };
}

/** Modbus/TCP as some gateways of serial lines speak it: with the CRC of unit and PDU behind the PDU. */
export const modbusRtuFraming: FramingKind = {
  name: "modbus-rtu",
  maxHeld: MBAP_HEADER + COUNTED.max,
  requests: () => new LengthPrefixed(readEither()),
  answers: () => new LengthPrefixed(readEither()),
};
