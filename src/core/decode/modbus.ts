import { EXCEPTION_BIT } from "../framing/function-codes.js";
import { hexOf } from "../parse/hex.js";
import type { Direction } from "./direction.js";
import { EXCEPTION_NAMES, type Field, FUNCTIONS } from "./modbus-functions.js";

/** The parts of a PDU by name, in their order in the PDU. A list of values is a text, with spaces between. */
export type PduParts = Readonly<Record<string, string | number>>;

/**
 * Decodes a PDU (MODBUS Application Protocol Specification V1.1b3, chapters 6 and 7). A PDU that is too short gives the parts that it
 * has. Bytes behind the last part of its function are `surplus`.
 *
 * @returns undefined for a PDU without a byte
 */
export function describePdu(pdu: Buffer, direction: Direction): PduParts | undefined {
  const code = pdu[0];
  if (code === undefined) return undefined;
  const isException = direction === "down" && code >= EXCEPTION_BIT;
  const number = isException ? code - EXCEPTION_BIT : code;
  const known = FUNCTIONS.get(number);
  const head = { function: number, ...(known !== undefined && { functionName: known.name }) };
  const rest = pdu.subarray(1);
  if (isException) return { ...head, ...readException(rest) };
  if (known === undefined) return { ...head, ...dataIn("data", rest) };
  return { ...head, ...readFields(direction === "up" ? known.request : known.answer, rest) };
}

/** The parts as a text: `function 3 (read holding registers), address 0, count 10`. */
export function wordsOf(parts: PduParts): string {
  const words: string[] = [];
  for (const [name, value] of Object.entries(parts)) {
    if (name.endsWith("Name")) words.push(`${words.pop()} (${value})`);
    else words.push(`${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${value}`);
  }
  return words.join(", ");
}

function readException(rest: Buffer): PduParts {
  const code = rest[0];
  if (code === undefined) return {};
  const name = EXCEPTION_NAMES.get(code);
  return {
    exception: code,
    ...(name !== undefined && { exceptionName: name }),
    ...dataIn("surplus", rest.subarray(1)),
  };
}

function readFields(fields: readonly Field[], bytes: Buffer): PduParts {
  const parts: Record<string, string | number> = {};
  let at = 0;
  for (const [name, form] of fields) {
    const length = form === "byte" ? 1 : form === "data" || form === "words" ? bytes.length - at : 2;
    if (length === 0 || at + length > bytes.length) break;
    parts[name] = readValue(form, bytes.subarray(at, at + length));
    at += length;
  }
  return { ...parts, ...dataIn("surplus", bytes.subarray(at)) };
}

function readValue(form: Field[1], bytes: Buffer): string | number {
  switch (form) {
    case "byte":
    case "word":
      return bytes.readUIntBE(0, bytes.length);
    case "switch":
      return { ff00: "on", "0000": "off" }[bytes.toString("hex")] ?? hexOf(bytes);
    case "mask":
    case "data":
      return hexOf(bytes);
    case "words":
      if (bytes.length % 2 !== 0) return hexOf(bytes);
      return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(2 * index)).join(" ");
  }
}

function dataIn(name: string, bytes: Buffer): PduParts {
  return bytes.length === 0 ? {} : { [name]: hexOf(bytes) };
}
