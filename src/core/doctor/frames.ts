import { CRC_LENGTH, crcFits } from "../framing/crc16.js";
import { EXCEPTION_BIT } from "../framing/function-codes.js";
import { LENGTH_AT, MBAP_HEADER, PROTOCOL_AT } from "../framing/mbap.js";
import { bytesOfAscii } from "../framing/modbus-ascii-framing.js";
import { MODBUS_FORMS, type ModbusName } from "../mux/modbus-forms.js";
import { MAX_REGISTERS, readPdu } from "../mux/register-ranges.js";

/** The functions that the doctor asks: read holding registers, read input registers (MODBUS Application Protocol V1.1b3, 6.3, 6.4). */
export type ReadFunction = 3 | 4;

/** A read of registers. The doctor asks nothing else. */
export interface Question {
  /** Transaction id, 0 to 65535; framings of serial lines do not carry it. */
  readonly id: number;
  readonly unit: number;
  readonly code: ReadFunction;
  /** First register, as on the wire: from 0. */
  readonly register: number;
  readonly count: number;
}

/** An answer that was found in a stream of bytes. */
export interface FoundAnswer {
  /** The framing that it is in: a CRC behind Modbus/TCP is `modbus-rtu`. */
  readonly framing: ModbusName;
  /** Undefined in framings of serial lines. */
  readonly id: number | undefined;
  readonly unit: number;
  /** The registers, or the code of an exception. */
  readonly content:
    | { readonly kind: "registers"; readonly count: number }
    | { readonly kind: "exception"; readonly code: number };
  /** Where it begins and ends (exclusive) in the bytes. */
  readonly start: number;
  readonly end: number;
}

/** The bytes of a question. */
export function encode(framing: ModbusName, { id, unit, code, register, count }: Question): Buffer {
  const pdu = readPdu({ unit, code, start: register, count });
  return MODBUS_FORMS[framing].wrap(unit, pdu, { id, countsCrc: true });
}

/**
 * Every whole answer to a function that stands somewhere in the bytes, in their order. What is around it (banners, echoes, frames of a
 * vendor) is passed over.
 *
 * @param framing that of the question; `modbus` finds answers of `modbus-rtu`, too
 */
export function findAnswers(framing: ModbusName, bytes: Buffer, code: ReadFunction): FoundAnswer[] {
  const at = READERS[framing];
  const found: FoundAnswer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const answer = at(bytes, start, code);
    if (answer !== undefined) found.push(answer);
    start = answer?.end ?? start + 1;
  }
  return found;
}

type Reader = (bytes: Buffer, start: number, code: ReadFunction) => FoundAnswer | undefined;

const READERS: Readonly<Record<ModbusName, Reader>> = {
  modbus: mbapAnswer,
  "modbus-rtu": mbapAnswer,
  "modbus-serial": serialAnswer,
  "modbus-ascii": asciiAnswer,
};

/** Unit and PDU of an answer: how long they are, and what they say. */
interface Body {
  readonly length: number;
  readonly content: FoundAnswer["content"];
}

const EXCEPTION_BODY = 3; // unit, function, code

/** @returns nothing where the bytes at `at` are no whole answer to the function */
function bodyAt(bytes: Buffer, at: number, code: ReadFunction): Body | undefined {
  const [func, next] = [bytes[at + 1], bytes[at + 2]];
  if (next === undefined) return undefined;
  if (func === (code | EXCEPTION_BIT)) return { length: EXCEPTION_BODY, content: { kind: "exception", code: next } };
  if (func !== code || next === 0 || next % 2 === 1 || next > 2 * MAX_REGISTERS) return undefined;
  const length = EXCEPTION_BODY + next;
  return bytes.length < at + length ? undefined : { length, content: { kind: "registers", count: next / 2 } };
}

/** The highest MBAP length that any device says: one that counts wrongly is believed by its PDU. */
const MOST_COUNTED = 260;

function mbapAnswer(bytes: Buffer, start: number, code: ReadFunction): FoundAnswer | undefined {
  const at = start + MBAP_HEADER;
  if (bytes.length < at || bytes.readUInt16BE(start + PROTOCOL_AT) !== 0) return undefined;
  const body = bodyAt(bytes, at, code);
  if (body === undefined) return undefined;
  if (bytes.readUInt16BE(start + LENGTH_AT) > MOST_COUNTED) return undefined;
  const end = at + body.length;
  const hasCrc = bytes.length >= end + CRC_LENGTH && crcFits(bytes, at, end + CRC_LENGTH);
  return {
    framing: hasCrc ? "modbus-rtu" : "modbus",
    id: bytes.readUInt16BE(start),
    unit: bytes.readUInt8(at),
    content: body.content,
    start,
    end: hasCrc ? end + CRC_LENGTH : end,
  };
}

function serialAnswer(bytes: Buffer, start: number, code: ReadFunction): FoundAnswer | undefined {
  const body = bodyAt(bytes, start, code);
  if (body === undefined) return undefined;
  const end = start + body.length + CRC_LENGTH;
  if (bytes.length < end || !crcFits(bytes, start, end)) return undefined;
  return {
    framing: "modbus-serial",
    id: undefined,
    unit: bytes.readUInt8(start),
    content: body.content,
    start,
    end,
  };
}

const [COLON, LF] = [0x3a, 0x0a];

function asciiAnswer(bytes: Buffer, start: number, code: ReadFunction): FoundAnswer | undefined {
  const end = bytes.indexOf(LF, start) + 1;
  if (bytes[start] !== COLON || end === 0) return undefined;
  const message = bytesOfAscii(bytes.subarray(start, end));
  if (typeof message === "string") return undefined;
  const body = bodyAt(message, 0, code);
  if (body?.length !== message.length) return undefined;
  return {
    framing: "modbus-ascii",
    id: undefined,
    unit: message.readUInt8(0),
    content: body.content,
    start,
    end,
  };
}
