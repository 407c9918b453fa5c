// Reads of coils, inputs and registers (MODBUS Application Protocol Specification V1.1b3, 6.1 to 6.4)

/** What a read asks for: coils (1), discrete inputs (2), holding registers (3) or input registers (4) of a unit. */
export interface RegisterRange {
  readonly unit: number;
  /** The function code. */
  readonly code: number;
  readonly start: number;
  readonly count: number;
}

const READ_LENGTH = 5; // of the PDU: function code, address, quantity
export const ADDRESSES = 0x10000;
const MAX_BITS = 2000;
/** The most that one read may ask for (6.3). */
export const MAX_REGISTERS = 125;
const LAST_OF_BITS = 2; // functions 1 and 2 read bits, 3 and 4 registers of two bytes

/** The part of a request that says what it reads. */
interface ModbusRead {
  readonly modbus?: { readonly unit: number; readonly pdu: Buffer };
}

/** What a request reads; undefined where it is no such read, or asks for more than one answer holds. */
export function rangeOf({ modbus }: ModbusRead): RegisterRange | undefined {
  const code = modbus?.pdu[0] ?? 0;
  if (modbus === undefined || code < 1 || code > 4 || modbus.pdu.length !== READ_LENGTH) return undefined;
  const range = { unit: modbus.unit, code, start: modbus.pdu.readUInt16BE(1), count: modbus.pdu.readUInt16BE(3) };
  return isReadable(range) ? range : undefined;
}

/** Whether one answer can hold it. */
export function isReadable({ code, start, count }: RegisterRange): boolean {
  return count >= 1 && count <= (code <= LAST_OF_BITS ? MAX_BITS : MAX_REGISTERS) && start + count <= ADDRESSES;
}

/** Ranges of the same group are of one unit and function. */
export function groupOf({ unit, code }: RegisterRange): string {
  return String.fromCharCode(unit, code);
}

/** The same as a number, which is made faster. */
export function groupNumber({ unit, code }: RegisterRange): number {
  return 8 * unit + code; // functions 1 to 4
}

/** Whether all of `inner` is in `outer`. They are of one group. */
export function holds(outer: RegisterRange, inner: RegisterRange): boolean {
  return outer.start <= inner.start && endOf(inner) <= endOf(outer);
}

/** Number of registers, or bits, between two ranges of one group; 0: they touch or overlap. */
export function apart(one: RegisterRange, other: RegisterRange): number {
  return Math.max(0, one.start - endOf(other), other.start - endOf(one));
}

/** The shortest range that holds both, which are of one group. */
export function unionOf(one: RegisterRange, other: RegisterRange): RegisterRange {
  const start = Math.min(one.start, other.start);
  return { ...one, start, count: Math.max(endOf(one), endOf(other)) - start };
}

/** The parts of a range that none of the others covers. All are of one group. */
export function holesOf(range: RegisterRange, covers: readonly RegisterRange[]): RegisterRange[] {
  const holes: RegisterRange[] = [];
  let at = range.start;
  for (const cover of covers.toSorted((one, other) => one.start - other.start)) {
    if (cover.start > at) holes.push({ ...range, start: at, count: Math.min(cover.start, endOf(range)) - at });
    at = Math.max(at, endOf(cover));
  }
  if (at < endOf(range)) holes.push({ ...range, start: at, count: endOf(range) - at });
  return holes;
}

/**
 * The values of `inner` out of those of `outer`: of registers, a view of them.
 *
 * @param values as an answer has them: two bytes for a register; eight bits in a byte, the first one lowest
 */
export function cutOut(values: Buffer, outer: RegisterRange, inner: RegisterRange): Buffer {
  const from = inner.start - outer.start;
  if (outer.code > LAST_OF_BITS) return values.subarray(2 * from, 2 * (from + inner.count));
  const bytes = Buffer.alloc(Math.ceil(inner.count / 8));
  for (let at = 0; at < inner.count; at += 1) {
    const bit = ((values[(from + at) >> 3] ?? 0) >> ((from + at) & 7)) & 1;
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7));
  }
  return bytes;
}

/** Whether an answer to a read of this range has as many values as it should. */
export function isWholeAnswer({ code, count }: RegisterRange, values: Buffer): boolean {
  return values.length === (code <= LAST_OF_BITS ? Math.ceil(count / 8) : 2 * count);
}

/** The PDU of the request that reads a range. */
export function readPdu({ code, start, count }: RegisterRange): Buffer {
  return Buffer.of(code, start >> 8, start & 0xff, count >> 8, count & 0xff);
}

/** The PDU of the answer with these values. */
export function answerPdu(code: number, values: Buffer): Buffer {
  const pdu = Buffer.allocUnsafe(2 + values.length);
  pdu[0] = code;
  pdu[1] = values.length;
  values.copy(pdu, 2);
  return pdu;
}

/** The values in the PDU of an answer that is no exception. */
export function valuesIn(pdu: Buffer): Buffer {
  return pdu.subarray(2);
}

function endOf({ start, count }: RegisterRange): number {
  return start + count;
}
