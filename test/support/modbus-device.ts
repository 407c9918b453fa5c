import type { TestProtocol } from "./exchange.js";
import { hasIds, type ModbusKind, readPdu, unwrap, words, wrap } from "./modbus.js";

/** The initial value of a register: neighbours differ, and units differ. */
export function registerValue(unit: number, address: number): number {
  return (unit * 7919 + address * 31) & 0xffff;
}

/** The values that clients have written to a device. */
export type Written = Map<string, number>;

/** Answers as a device that has every register and coil. */
export function answerPdu(unit: number, pdu: Buffer, written: Written = new Map()): Buffer {
  const func = pdu.readUInt8(0);
  if (pdu.length < 5) return Buffer.from([func | 0x80, 1]);
  const [address, second] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
  const value = (at: number): number => written.get(`${unit}/${at}`) ?? registerValue(unit, at);
  const range = Array.from({ length: second }, (_, index) => address + index);
  switch (func) {
    case 1:
    case 2: {
      const bytes = Buffer.alloc(Math.ceil(second / 8));
      for (const [index, at] of range.entries()) {
        const byte = index >> 3;
        bytes.writeUInt8(bytes.readUInt8(byte) | ((value(at) & 1) << (index & 7)), byte);
      }
      return Buffer.concat([Buffer.from([func, bytes.length]), bytes]);
    }
    case 3:
    case 4:
      return Buffer.concat([Buffer.from([func, 2 * second]), words(0, ...range.map(value)).subarray(1)]);
    case 5:
    case 6:
      written.set(`${unit}/${address}`, func === 5 ? second >> 15 : second);
      return pdu;
    case 16:
      for (const [index, at] of range.entries()) written.set(`${unit}/${at}`, pdu.readUInt16BE(6 + 2 * index));
      return pdu.subarray(0, 5);
    default:
      return Buffer.from([func | 0x80, 1]);
  }
}

/** A Modbus device. Written values go to `written`. */
export function modbusProtocol(kind: ModbusKind, written: Written = new Map()): TestProtocol {
  const protocol: TestProtocol = {
    name: kind,
    request: (key, id) => {
      const pdu = readPdu(Math.floor(key / 247) & 0x7fff, 1 + (key % 4));
      return wrap(kind, { id, unit: 1 + (key % 247), pdu });
    },
    answer: (request) => {
      const { id, unit, pdu } = unwrap(kind, request);
      return wrap(kind, { id, unit, pdu: answerPdu(unit, pdu, written) });
    },
    ...LENGTHS[kind],
    meaning: (answer) => answer.toString("hex"),
    isRefusal: (answer) => {
      const { pdu } = unwrap(kind, answer);
      return pdu.readUInt8(0) > 0x80 && [6, 10, 11].includes(pdu.readUInt8(1));
    },
  };
  return hasIds(kind) ? { ...protocol, id: (message) => message.readUInt16BE(0) } : protocol;
}

type Lengths = Pick<TestProtocol, "requestLength" | "answerLength">;

const LENGTHS: Readonly<Record<ModbusKind, Lengths>> = {
  modbus: { requestLength: mbapLength, answerLength: mbapLength },
  "modbus-rtu": { requestLength: mbapLength, answerLength: mbapLength },
  "modbus-serial": { requestLength: serialRequestLength, answerLength: serialAnswerLength },
  "modbus-ascii": { requestLength: lineLength, answerLength: lineLength },
};

function lineLength(bytes: Buffer): number {
  return bytes.indexOf("\n") + 1;
}

function mbapLength(bytes: Buffer): number {
  return bytes.length < 6 ? 0 : 6 + bytes.readUInt16BE(4);
}

/** Makes a frame of unit, function and its data, with the CRC. */
function serialRequestLength(bytes: Buffer): number {
  if (bytes.length < 8) return 0;
  const func = bytes.readUInt8(1);
  return func >= 15 && func < 0x41 ? 9 + bytes.readUInt8(6) : 8; // those of vendors have four bytes of data here
}

function serialAnswerLength(bytes: Buffer): number {
  if (bytes.length < 5) return 0;
  const func = bytes.readUInt8(1);
  if (func > 0x80) return 5;
  if (func === 22) return 10;
  return func <= 4 ? 5 + bytes.readUInt8(2) : 8;
}
