// What requests write, MODBUS Application Protocol Specification V1.1b3, 6.5, 6.6, 6.11, 6.12, 6.16 and 6.17
import { EXCEPTION } from "./modbus-exceptions.js";
import { ADDRESSES } from "./register-ranges.js";

/** A write of a Modbus request. Addresses are those on the wire, from 0. */
export type ModbusWrite =
  /**
   * Coils or holding registers from `first` on. `low` and `high` are the least and the greatest value that each gets: they differ where the value
   * depends on what the register holds.
   */
  | {
      readonly kind: "coil" | "holding";
      readonly unit: number;
      readonly code: number;
      readonly first: number;
      readonly low: readonly number[];
      readonly high: readonly number[];
    }
  /** Another function, of which nothing is known. */
  | { readonly kind: "function"; readonly unit: number; readonly code: number }
  /** A request that contradicts itself; `exception`: the code that it deserves. */
  | {
      readonly kind: "malformed";
      readonly unit: number;
      readonly code: number;
      readonly reason: string;
      readonly exception: typeof EXCEPTION.illegalAddress | typeof EXCEPTION.illegalValue;
    };

/** Functions of which is known what they write. */
export const VALUE_FUNCTIONS: readonly number[] = [5, 6, 15, 16, 22, 23];

const COIL_ON = 0xff00;
const SINGLE_LENGTH = 5;
const MASK_LENGTH = 7;

/** Where requests with several values have address, quantity, byte count and values, and how many values there may be. */
interface SeveralShape {
  readonly addressAt: number;
  readonly most: number;
}
const COILS: SeveralShape = { addressAt: 1, most: 0x7b0 };
const REGISTERS: SeveralShape = { addressAt: 1, most: 0x7b };
const READ_AND_WRITE: SeveralShape = { addressAt: 5, most: 0x79 };

/** Reads what a request writes that is no read. @param pdu of the request; function code and what follows */
export function writeOf(unit: number, pdu: Buffer): ModbusWrite {
  const [code = 0] = pdu;
  const malformed = (reason: string, exception: 2 | 3 = EXCEPTION.illegalValue): ModbusWrite => ({
    kind: "malformed",
    unit,
    code,
    reason,
    exception,
  });
  const written = (kind: "coil" | "holding", first: number, low: number[], high = low): ModbusWrite =>
    first + low.length > ADDRESSES
      ? malformed(`${low.length} from ${first} on are more than there are`, EXCEPTION.illegalAddress)
      : { kind, unit, code, first, low, high };

  switch (code) {
    case 5: {
      if (pdu.length !== SINGLE_LENGTH) return malformed(wrongLength(pdu, SINGLE_LENGTH));
      const value = pdu.readUInt16BE(3);
      if (value !== 0 && value !== COIL_ON) return malformed(`${value} is neither on nor off`);
      return written("coil", pdu.readUInt16BE(1), [value === COIL_ON ? 1 : 0]);
    }
    case 6:
      if (pdu.length !== SINGLE_LENGTH) return malformed(wrongLength(pdu, SINGLE_LENGTH));
      return written("holding", pdu.readUInt16BE(1), [pdu.readUInt16BE(3)]);
    case 15: {
      const several = severalOf(pdu, COILS, (count) => Math.ceil(count / 8));
      return typeof several === "string" ? malformed(several) : written("coil", several.first, bitsOf(several));
    }
    case 16:
    case 23: {
      const several = severalOf(pdu, code === 16 ? REGISTERS : READ_AND_WRITE, (count) => 2 * count);
      return typeof several === "string" ? malformed(several) : written("holding", several.first, registersOf(several));
    }
    case 22: {
      if (pdu.length !== MASK_LENGTH) return malformed(wrongLength(pdu, MASK_LENGTH));
      const [and, or] = [pdu.readUInt16BE(3), pdu.readUInt16BE(5)];
      const set = or & ~and; // the result is (value AND and) OR (or AND NOT and)
      return written("holding", pdu.readUInt16BE(1), [set], [set | and]);
    }
    default:
      return { kind: "function", unit, code };
  }
}

function wrongLength(pdu: Buffer, wanted: number): string {
  return `a PDU of ${pdu.length} bytes where ${wanted} are wanted`;
}

interface Several {
  readonly first: number;
  readonly count: number;
  readonly data: Buffer;
}

/** The values of a request; or what is wrong with it. */
function severalOf(
  pdu: Buffer,
  { addressAt, most }: SeveralShape,
  bytesFor: (count: number) => number,
): Several | string {
  const dataAt = addressAt + 5;
  if (pdu.length < dataAt) return `a PDU of ${pdu.length} bytes where at least ${dataAt} are wanted`;
  const count = pdu.readUInt16BE(addressAt + 2);
  const data = pdu.subarray(dataAt);
  if (count < 1 || count > most) return `${count} values where 1 to ${most} are wanted`;
  if (pdu[dataAt - 1] !== bytesFor(count)) return `a byte count of ${pdu[dataAt - 1]} for ${count} values`;
  if (data.length !== bytesFor(count)) return `${data.length} bytes for ${count} values`;
  return { first: pdu.readUInt16BE(addressAt), count, data };
}

function bitsOf({ count, data }: Several): number[] {
  return Array.from({ length: count }, (_, at) => ((data[at >> 3] ?? 0) >> (at & 7)) & 1);
}

function registersOf({ count, data }: Several): number[] {
  return Array.from({ length: count }, (_, at) => data.readUInt16BE(2 * at));
}

/** A write in words, for the log: `unit 1 holding 100-101 = 5 6`. */
export function describeWrite(write: ModbusWrite): string {
  const { unit, code } = write;
  if (write.kind === "function") return `unit ${unit} function ${code}`;
  if (write.kind === "malformed") return `unit ${unit} function ${code} (${write.reason})`;
  const { kind, first, low, high } = write;
  const last = first + low.length - 1;
  const values = kind === "coil" ? low.join("") : low.map((value, at) => rangeText(value, high[at] ?? value)).join(" ");
  return `unit ${unit} ${kind} ${rangeText(first, last)} = ${values}`;
}

/** `5`, or `5-9`. */
export function rangeText(from: number, to: number): string {
  return from === to ? String(from) : `${from}-${to}`;
}
