import { CRC_LENGTH, crcFits } from "./crc16.js";
import type { ExpectedAnswers } from "./expected-answers.js";
import type { FramingKind } from "./framing.js";
import { type LengthRule, lengthBy, ruleOfRequest } from "./function-codes.js";
import { type HeaderReader, type HeaderReading, LengthPrefixed } from "./length-prefixed.js";
import {
  CODE_AT,
  declaredLength,
  LENGTH_AT,
  LONGEST_ANSWER,
  MBAP_HEADER,
  readMbap,
  UNIT_AND_PDU_MAX,
  UNIT_AND_PDU_MIN,
} from "./mbap.js";
import { mbapAnswers } from "./mbap-answers.js";
import type { Surplus } from "./surplus.js";

/** How many bytes of the CRC the length field does not count. */
type Uncounted = 0 | typeof CRC_LENGTH;
const EITHER: readonly Uncounted[] = [0, CRC_LENGTH]; // the shorter message first: it is complete earlier

/**
 * Devices disagree whether the length field counts the CRC. The first message with a right CRC decides for the stream: from then on a wrong
 * CRC costs one message only. Before that, a message with a wrong CRC is discarded in the longer form. If two bytes too many were
 * discarded, the next header shows it: its protocol id is not 0.
 */
class HeaderConvention {
  readonly #longest: number;
  #conventions = EITHER;

  /** @param longest most bytes of unit and PDU */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** A message with a right CRC follows this convention. */
  learn(uncounted: Uncounted): void {
    if (this.#conventions.length > 1) this.#conventions = [uncounted];
  }

  read(bytes: Buffer, at: number): HeaderReading {
    const counted = this.#conventions.map((uncounted) => CRC_LENGTH - uncounted);
    const field = readMbap(bytes, at, UNIT_AND_PDU_MIN + Math.min(...counted), this.#longest + Math.max(...counted));
    if (typeof field !== "number") return field;
    let length = 0;
    for (const uncounted of this.#conventions) {
      const unitAndPdu = field + uncounted - CRC_LENGTH;
      if (unitAndPdu < UNIT_AND_PDU_MIN || unitAndPdu > this.#longest) continue;
      length = MBAP_HEADER + field + uncounted;
      if (bytes.length - at < length) return { kind: "more", need: length };
      if (!crcFits(bytes, at + MBAP_HEADER, at + length)) continue;
      this.learn(uncounted);
      return { kind: "frame", length };
    }
    return { kind: "junk", length, reason: wrongCrc(bytes, at, length) };
  }
}

function wrongCrc(bytes: Buffer, at: number, length: number): string {
  const found = bytes.toString("hex", at + length - CRC_LENGTH, at + length);
  return `CRC ${found} is wrong for a message of MBAP length ${bytes.readUInt16BE(at + LENGTH_AT)}`;
}

/** Most bytes of unit, PDU and CRC that are necessary to tell the length of a message. */
function shortest(rule: LengthRule): number {
  return "fixed" in rule ? 0 : rule.countAt + rule.countBytes;
}

/** The function code of a request tells where its CRC is. So a wrong one is seen at once. */
function readRequests(): HeaderReader {
  const byHeader = new HeaderConvention(UNIT_AND_PDU_MAX);

  return (bytes, at) => {
    const declared = declaredLength(bytes, at);
    if (typeof declared !== "number") return declared;
    const code = bytes[at + CODE_AT];
    if (code === undefined) return { kind: "more", need: CODE_AT + 1 };
    const rule = ruleOfRequest(code);
    if (rule === undefined || declared < shortest(rule)) return byHeader.read(bytes, at);
    const own = lengthBy(rule, bytes, at + MBAP_HEADER);
    if (own === undefined) return { kind: "more", need: MBAP_HEADER + shortest(rule) };
    const isCounted = own === declared;
    if (!isCounted && own !== declared + CRC_LENGTH) return byHeader.read(bytes, at);
    if (own > UNIT_AND_PDU_MAX + CRC_LENGTH) return byHeader.read(bytes, at);
    let length = MBAP_HEADER;
    // where the byte count of a request is wrong, so is its own length
    for (const size of isCounted ? [own] : [declared, own]) {
      length = MBAP_HEADER + size;
      if (bytes.length - at < length) return { kind: "more", need: length };
      if (crcFits(bytes, at + MBAP_HEADER, at + length)) return { kind: "frame", length };
    }
    return { kind: "lost", reason: wrongCrc(bytes, at, length) };
  };
}

/** An answer whose CRC stands where its request asks for it is right whatever its header says. */
function readAnswer(expected: ExpectedAnswers, surplus: Surplus): HeaderReader {
  const byHeader = new HeaderConvention(LONGEST_ANSWER);

  return (bytes, at) => {
    const declared = declaredLength(bytes, at);
    if (typeof declared !== "number") return declared;
    const own = expected.lengthOf(bytes, at);
    if (typeof own === "object") return own;
    if (own === undefined) return byHeader.read(bytes, at);
    const length = MBAP_HEADER + own + CRC_LENGTH;
    if (bytes.length - at < length) return { kind: "more", need: length };
    const isRight = declared === own || declared === own + CRC_LENGTH; // the length in the header
    if (crcFits(bytes, at + MBAP_HEADER, at + length)) {
      if (isRight) byHeader.learn(declared === own ? CRC_LENGTH : 0);
      else if (declared <= LONGEST_ANSWER + CRC_LENGTH) surplus.set(declared - own - CRC_LENGTH, declared - own);
      return { kind: "frame", length };
    }
    return isRight ? { kind: "junk", length, reason: wrongCrc(bytes, at, length) } : byHeader.read(bytes, at);
  };
}

/** Modbus/TCP as some gateways of serial lines speak it: with the CRC of unit and PDU behind the PDU. */
export const modbusRtuFraming: FramingKind = {
  name: "modbus-rtu",
  maxHeld: MBAP_HEADER + LONGEST_ANSWER + CRC_LENGTH,
  requests: () => new LengthPrefixed(readRequests()),
  answers: () => mbapAnswers(CRC_LENGTH, readAnswer),
};
