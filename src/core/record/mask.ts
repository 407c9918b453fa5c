import { setNewest } from "../collections/newest.js";
import { checksum, checkTelegram } from "../decode/conbus.js";
import type { Direction } from "../decode/direction.js";
import { CRC_LENGTH, crc16, crcFits } from "../framing/crc16.js";
import { SERIAL_AT, setChecksum, TRAILER } from "../framing/solarman-framing.js";
import type { ModbusForm } from "../mux/modbus-forms.js";
import type { Protocol } from "../mux/protocol.js";
import { modbusFormOf } from "../mux/protocols/modbus-protocol.js";
import { solarmanForm } from "../mux/solarman-form.js";
import type { MaskRule } from "./mask-patterns.js";
import type { Pseudonyms } from "./pseudonyms.js";
import type { Range } from "./recording.js";

/** A message without what nobody else has to see. */
export interface Masked {
  readonly bytes: Buffer;
  /** What differs, or may differ, from the message as it was: values, and the checksums behind them. */
  readonly ranges: readonly Range[];
}

/** Function code, and byte count or the first byte of an address: a message keeps its form. */
const PDU_HEAD = 2;
/** Requests on one connection that answers may come to. */
const MAX_ASKED = 256;
/** Bytes that are looked at again with those that follow: a value may be cut anywhere. */
const MAX_BEFORE = 1024;
const NOTHING = Buffer.alloc(0);
/** Bracket and type of a telegram in front; checksum and bracket behind. */
const CONBUS = { head: 2, tail: 3 } as const;

/** Masks the messages of one connection. Lengths stay, and checksums that were right are right again. */
export class Masker {
  readonly #rules: readonly MaskRule[];
  readonly #pseudonyms: Pseudonyms;
  readonly #protocol: Protocol;
  readonly #form: ModbusForm | undefined;
  /** The PDUs of requests by id, the last ones. */
  readonly #asked = new Map<number, Buffer>();
  readonly #hidesRegisters: boolean;
  /** What came before, of a message that has not ended. */
  readonly #before: Record<Direction, Buffer> = { up: NOTHING, down: NOTHING };

  /** @param pseudonyms of the whole recording */
  constructor(rules: readonly MaskRule[], pseudonyms: Pseudonyms, protocol: Protocol) {
    this.#rules = rules;
    this.#hidesRegisters = rules.some(({ kind }) => kind === "registers");
    this.#pseudonyms = pseudonyms;
    this.#protocol = protocol;
    this.#form = modbusFormOf(protocol);
  }

  /** @param isMessage whether the bytes are a whole message of the protocol */
  mask(message: Buffer, direction: Direction, isMessage: boolean): Masked {
    if (this.#rules.length === 0) return { bytes: message, ranges: [] };
    if (isMessage && this.#form === solarmanForm) return this.#maskSolarman(message, direction);
    if (isMessage && this.#form !== undefined) return this.#maskModbus(message, this.#form, direction);
    if (this.#form !== undefined && this.#hidesRegisters) return this.#replaceAll(message); // nobody knows which ones it has
    const { name } = this.#protocol.framing;
    const isTelegram = isMessage && name === "conbus";
    const masked = isTelegram
      ? this.#replace(message, this.#find(message, CONBUS.head, CONBUS.tail))
      : this.#maskPiece(message, direction, !isMessage || name === "raw");
    if (isTelegram && masked.ranges.length > 0 && checkTelegram(message) === undefined) {
      const at = message.length - CONBUS.tail;
      masked.bytes.write(checksum(masked.bytes.subarray(1, at)), at, "latin1");
      return { bytes: masked.bytes, ranges: [...masked.ranges, [at, 2]] };
    }
    return masked;
  }

  /** @param goesOn whether what follows may be of the same message */
  #maskPiece(piece: Buffer, direction: Direction, goesOn: boolean): Masked {
    const before = this.#before[direction];
    const both = Buffer.concat([before, piece]);
    const found = this.#find(both, 0, 0, goesOn).flatMap(([at, length]): Range[] => {
      const begin = Math.max(at - before.length, 0);
      const end = at + length - before.length;
      return end > begin ? [[begin, end - begin]] : [];
    });
    this.#before[direction] = goesOn ? both.subarray(-MAX_BEFORE) : NOTHING;
    return this.#replace(piece, found);
  }

  /** Masks a text of the recording itself: the name of the device. */
  maskText(text: string): string {
    const bytes = Buffer.from(text, "latin1");
    return this.#replace(bytes, this.#find(bytes, 0, 0)).bytes.toString("latin1");
  }

  #maskModbus(message: Buffer, form: ModbusForm, direction: Direction): Masked {
    const { unit, pdu, ...header } = form.unwrap(message);
    const masked = this.#replace(pdu, [...this.#find(pdu, PDU_HEAD, 0), ...this.#registers(pdu, header.id, direction)]);
    if (masked.ranges.length === 0) return { bytes: message, ranges: [] };
    const bytes = form.wrap(unit, masked.bytes, header);
    if (bytes.length !== message.length || !form.wrap(unit, pdu, header).equals(message)) {
      return this.#replaceAll(message); // not as this program would write it: values may stand in it in any way
    }
    return { bytes, ranges: differences(message, bytes, pdu, masked.ranges) };
  }

  /** The logger's number stands in the header; the RTU frame inside has a checksum of its own. */
  #maskSolarman(message: Buffer, direction: Direction): Masked {
    const ranges = this.#find(message, SERIAL_AT, TRAILER);
    const { id, pdu, lacks } = solarmanForm.unwrap(message);
    const begin = lacks === undefined ? message.indexOf(pdu) : -1;
    const inside =
      begin < 0 ? [] : this.#registers(pdu, id, direction).map(([at, length]) => [at + begin, length] as const);
    const masked = this.#replace(message, [...ranges, ...inside]);
    if (masked.ranges.length === 0) return masked;
    const more: Range[] = [[message.length - TRAILER, 1]];
    const end = begin + pdu.length + CRC_LENGTH;
    if (begin > 0 && crcFits(message, begin - 1, end)) {
      masked.bytes.writeUInt16LE(crc16(masked.bytes, begin - 1, end - CRC_LENGTH), end - CRC_LENGTH);
      more.push([end - CRC_LENGTH, CRC_LENGTH]);
    }
    setChecksum(masked.bytes);
    return { bytes: masked.bytes, ranges: [...masked.ranges, ...more] };
  }

  /** @param head bytes in front that stay @param tail bytes at the end that stay @param goesOn whether a value may be cut at the end */
  #find(bytes: Buffer, head: number, tail: number, goesOn = false): Range[] {
    const text = bytes.toString("latin1", head, Math.max(bytes.length - tail, head));
    return this.#rules.flatMap((rule) =>
      rule.kind === "bytes" ? rule.find(text, goesOn).map(([at, length]) => [at + head, length] as const) : [],
    );
  }

  /** Where the values of masked registers stand in a PDU. */
  #registers(pdu: Buffer, id: number, direction: Direction): Range[] {
    const key = this.#protocol.hasIds ? id : 0;
    if (direction === "up") setNewest(this.#asked, key, Buffer.from(pdu), MAX_ASKED);
    const request = direction === "up" ? pdu : this.#asked.get(key);
    const values = request === undefined ? undefined : valuesIn(pdu, request, direction);
    if (values === undefined) return this.#hidesRegisters && direction === "down" ? allValues(pdu) : [];
    const { first, count, at, size } = values;
    return this.#rules.flatMap((rule) => {
      if (rule.kind !== "registers") return [];
      const [from, to] = [Math.max(rule.from, first), Math.min(rule.to, first + count - 1)];
      const range = [at + size * (from - first), size * (to - from + 1)] as const;
      return from <= to && range[0] + range[1] <= pdu.length ? [range] : [];
    });
  }

  #replaceAll(bytes: Buffer): Masked {
    return this.#replace(bytes, [[0, bytes.length]]);
  }

  /** Replaces ranges by pseudonyms. Ranges that overlap are one. */
  #replace(bytes: Buffer, ranges: readonly Range[]): { bytes: Buffer; ranges: Range[] } {
    const copy = Buffer.from(bytes);
    const joined: [number, number][] = [];
    for (const [at, length] of [...ranges].sort(([one], [other]) => one - other)) {
      const last = joined.at(-1);
      if (last !== undefined && at < last[0] + last[1]) last[1] = Math.max(last[1], at + length - last[0]);
      else joined.push([at, length]);
    }
    for (const [at, length] of joined) this.#pseudonyms.of(bytes.subarray(at, at + length)).copy(copy, at);
    return { bytes: copy, ranges: joined };
  }
}

/** Registers whose values a PDU holds. */
interface Values {
  readonly first: number;
  readonly count: number;
  /** Where they begin. */
  readonly at: number;
  /** Bytes of each. */
  readonly size: 2 | 4;
}

/** The values in a PDU; undefined: it has none, or is no answer to that request. @param request the PDU itself, or that which it answers */
function valuesIn(pdu: Buffer, request: Buffer, direction: Direction): Values | undefined {
  const code = request[0];
  if (pdu[0] !== code || request.length < 5) return undefined;
  const [first, count] = [request.readUInt16BE(1), request.readUInt16BE(3)];
  switch (code) {
    case 3:
    case 4:
      return direction === "down" && pdu[1] === 2 * count ? { first, count, at: 2, size: 2 } : undefined;
    case 6:
      return { first, count: 1, at: 3, size: 2 };
    case 16:
      return direction === "up" ? { first, count, at: 6, size: 2 } : undefined;
    case 22: // two masks
      return { first, count: 1, at: 3, size: 4 };
    case 23: // writes some, and reads others
      if (direction === "down") return pdu[1] === 2 * count ? { first, count, at: 2, size: 2 } : undefined;
      if (request.length < 9) return undefined;
      return { first: request.readUInt16BE(5), count: request.readUInt16BE(7), at: 10, size: 2 };
    default:
      return undefined;
  }
}

/** All values of an answer: it is not known which registers they are of. */
function allValues(pdu: Buffer): Range[] {
  return [3, 4, 23].includes(pdu[0] ?? 0) && pdu.length > PDU_HEAD ? [[PDU_HEAD, pdu.length - PDU_HEAD]] : [];
}

/** Masked places of a PDU, as places of its message; and the bytes that differ besides: the checksum. */
function differences(before: Buffer, after: Buffer, pdu: Buffer, ranges: readonly Range[]): Range[] {
  const begin = before.indexOf(pdu);
  const places: Range[] = begin < 0 ? [] : ranges.map(([at, length]) => [at + begin, length]);
  const isKnown = (index: number): boolean => places.some(([at, length]) => index >= at && index < at + length);
  for (let index = 0; index < before.length; index += 1) {
    if (before[index] !== after[index] && !isKnown(index)) places.push([index, 1]);
  }
  return places;
}
