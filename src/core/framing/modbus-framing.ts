import type { FramingKind } from "./framing.js";
import { type HeaderReading, LengthPrefixed } from "./length-prefixed.js";
import { MBAP_HEADER, readMbap, UNIT_AND_PDU_MAX, UNIT_AND_PDU_MIN } from "./mbap.js";

function readHeader(bytes: Buffer, at: number): HeaderReading {
  const field = readMbap(bytes, at, UNIT_AND_PDU_MIN, UNIT_AND_PDU_MAX);
  if (typeof field !== "number") return field;
  const length = MBAP_HEADER + field;
  return bytes.length - at < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** Modbus/TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b). */
export const modbusFraming: FramingKind = {
  name: "modbus",
  maxHeld: MBAP_HEADER + UNIT_AND_PDU_MAX,
  requests: () => new LengthPrefixed(readHeader),
  answers: () => new LengthPrefixed(readHeader),
};
