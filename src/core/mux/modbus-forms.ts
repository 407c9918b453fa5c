import { CRC_LENGTH, crc16 } from "../framing/crc16.js";
import type { FramingKind } from "../framing/framing.js";
import { CODE_AT, LENGTH_AT, UNIT_AT } from "../framing/mbap.js";
import { asciiFrame, bytesOfAscii, modbusAsciiFraming } from "../framing/modbus-ascii-framing.js";
import { modbusFraming } from "../framing/modbus-framing.js";
import { modbusRtuFraming } from "../framing/modbus-rtu-framing.js";
import { modbusSerialFraming } from "../framing/modbus-serial-framing.js";

/** What a message has besides unit and PDU: its answer repeats it. */
export interface ModbusHeader {
  /** 0 where messages have none. */
  readonly id: number;
  /** Whether the length field counts the CRC: devices with both disagree. */
  readonly countsCrc: boolean;
  /** The serial number of the logger, in Solarman V5. */
  readonly serial?: number;
}

/** A Modbus message without its framing. */
export interface ModbusMessage extends ModbusHeader {
  readonly unit: number;
  /** A view of the message where the framing allows it. */
  readonly pdu: Buffer;
  /** What the message lacks: the device answers without a PDU, because it has none (`answer`), or speaks of other things (`modbus`). */
  readonly lacks?: "answer" | "modbus";
}

/** A framing of Modbus: how it wraps unit and PDU. Every message is a whole one of {@link framing}. */
export interface ModbusForm {
  readonly framing: FramingKind;
  /** Whether messages carry ids. */
  readonly hasIds: boolean;
  /** Number of ids, from 0 on. */
  readonly idCount: number;
  unwrap(message: Buffer): ModbusMessage;
  /** Whether the header of a message is as the specification wants it. Forms whose framing sees to that have no such method. */
  isSound?(message: Buffer): boolean;
  /** An answer; a request, too, where {@link wrapRequest} is no other one. */
  wrap(unit: number, pdu: Buffer, header: ModbusHeader): Buffer;
  wrapRequest?(unit: number, pdu: Buffer, header: ModbusHeader): Buffer;
  /** Writes the id into a message. Forms without ids have no such method. */
  setId?(message: Buffer, id: number): void;
  /** Whether messages hold more than unit and PDU: between two sides of this form they keep everything but the id. */
  readonly keepsMessages?: true;
}

/** Behind the id; it is 0. */
const PROTOCOL_AT = 2;

/** Modbus/TCP. `crcSize`: bytes of the CRC behind the PDU. */
function mbap(framing: FramingKind, crcSize: 0 | typeof CRC_LENGTH): ModbusForm {
  return {
    framing,
    hasIds: true,
    idCount: 0x10000,
    setId: (message, id) => void message.writeUInt16BE(id),
    unwrap: (message) => ({
      id: message.readUInt16BE(),
      countsCrc: crcSize === 0 || message.readUInt16BE(LENGTH_AT) === message.length - UNIT_AT,
      unit: message[UNIT_AT] ?? 0,
      pdu: message.subarray(CODE_AT, message.length - crcSize),
    }),
    isSound(message) {
      const bytes = message.length - UNIT_AT;
      const told = message.readUInt16BE(LENGTH_AT);
      return message.readUInt16BE(PROTOCOL_AT) === 0 && (told === bytes || told === bytes - crcSize);
    },
    wrap(unit, pdu, { id, countsCrc }) {
      const end = CODE_AT + pdu.length;
      const message = Buffer.allocUnsafe(end + crcSize);
      message.writeUInt16BE(id);
      message.writeUInt16BE(0, PROTOCOL_AT);
      message.writeUInt16BE(end - UNIT_AT + (countsCrc ? crcSize : 0), LENGTH_AT);
      message[UNIT_AT] = unit;
      pdu.copy(message, CODE_AT);
      if (crcSize > 0) message.writeUInt16LE(crc16(message, UNIT_AT, end), end);
      return message;
    },
  };
}

/** MODBUS over Serial Line V1.02, 2.5.1: unit, PDU, CRC. */
const serial: ModbusForm = {
  framing: modbusSerialFraming,
  hasIds: false,
  idCount: 1,
  unwrap: (message) => ({
    id: 0, // not from a constant by a spread: that takes microseconds
    countsCrc: true,
    unit: message[0] ?? 0,
    pdu: message.subarray(1, message.length - CRC_LENGTH),
  }),
  wrap(unit, pdu) {
    const end = 1 + pdu.length;
    const message = Buffer.allocUnsafe(end + CRC_LENGTH);
    message[0] = unit;
    pdu.copy(message, 1);
    message.writeUInt16LE(crc16(message, 0, end), end);
    return message;
  },
};

/** MODBUS over Serial Line V1.02, 2.5.2: unit, PDU and LRC in hexadecimal digits. */
const ascii: ModbusForm = {
  framing: modbusAsciiFraming,
  hasIds: false,
  idCount: 1,
  unwrap(message) {
    const bytes = bytesOfAscii(message);
    if (typeof bytes === "string") throw new TypeError(`no message of modbus-ascii: ${bytes}`);
    return { id: 0, countsCrc: true, unit: bytes[0] ?? 0, pdu: bytes.subarray(1) };
  },
  wrap: (unit, pdu) => asciiFrame(Buffer.concat([Buffer.of(unit), pdu])),
};

/** The framings of Modbus by name, in the order of lists and docs. Clients and device may have any two of them. */
export const MODBUS_FORMS = {
  modbus: mbap(modbusFraming, 0),
  "modbus-rtu": mbap(modbusRtuFraming, CRC_LENGTH),
  "modbus-serial": serial,
  "modbus-ascii": ascii,
} as const satisfies Record<string, ModbusForm>;

/** The name of a framing of Modbus. */
export type ModbusName = keyof typeof MODBUS_FORMS;

/** The framings of Modbus in words for people. */
export const MODBUS_WORDS: Readonly<Record<ModbusName, string>> = {
  modbus: "Modbus/TCP",
  "modbus-rtu": "Modbus/TCP with a CRC",
  "modbus-serial": "bare RTU frames",
  "modbus-ascii": "Modbus ASCII",
};

/** Whether a protocol of this name is one of Modbus. */
export function isModbus(name: string): name is ModbusName {
  return Object.hasOwn(MODBUS_FORMS, name);
}
