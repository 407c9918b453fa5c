import type { ExpectedAnswers } from "./expected-answers.js";
import type { FramingKind } from "./framing.js";
import { isAnswerLength } from "./function-codes.js";
import { type HeaderReader, type HeaderReading, LengthPrefixed } from "./length-prefixed.js";
import { declaredLength, LONGEST_ANSWER, MBAP_HEADER, readMbap, UNIT_AND_PDU_MAX, UNIT_AND_PDU_MIN } from "./mbap.js";
import { mbapAnswers } from "./mbap-answers.js";
import type { Surplus } from "./surplus.js";

function readByHeader(bytes: Buffer, at: number, max: number): HeaderReading {
  const field = readMbap(bytes, at, UNIT_AND_PDU_MIN, max);
  return typeof field === "number" ? whole(bytes, at, MBAP_HEADER + field) : field;
}

function whole(bytes: Buffer, at: number, length: number): HeaderReading {
  return bytes.length - at < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** An answer has the length that its request asks for, whatever its header says; or else the length in the header. */
function readAnswer(expected: ExpectedAnswers, surplus: Surplus): HeaderReader {
  return (bytes, at) => {
    const declared = declaredLength(bytes, at);
    if (typeof declared !== "number") return declared;
    if (isAnswerLength(bytes, at + MBAP_HEADER, declared)) return readByHeader(bytes, at, LONGEST_ANSWER);
    const length = expected.lengthOf(bytes, at);
    if (typeof length === "object") return length;
    if (length === undefined || length === declared) return readByHeader(bytes, at, LONGEST_ANSWER);
    const reading = whole(bytes, at, MBAP_HEADER + length);
    if (reading.kind !== "frame") return reading;
    const end = at + reading.length;
    if (declared < length && expected.beginsOther(bytes, at + MBAP_HEADER + declared, end, bytes.readUInt16BE(at))) {
      if (bytes.length - end < MBAP_HEADER) return { kind: "more", need: reading.length + MBAP_HEADER };
      if (!expected.beginsHeader(bytes, end, LONGEST_ANSWER)) return readByHeader(bytes, at, LONGEST_ANSWER);
    }
    if (declared <= LONGEST_ANSWER) surplus.set(declared - length);
    return reading;
  };
}

/** Modbus/TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b). */
export const modbusFraming: FramingKind = {
  name: "modbus",
  maxHeld: MBAP_HEADER + LONGEST_ANSWER,
  requests: () => new LengthPrefixed((bytes, at) => readByHeader(bytes, at, UNIT_AND_PDU_MAX)),
  answers: () => mbapAnswers(0, readAnswer),
};
