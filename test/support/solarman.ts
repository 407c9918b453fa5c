import type { TestProtocol } from "./exchange.js";
import { crc16, readPdu } from "./modbus.js";
import { answerPdu } from "./modbus-device.js";

/** The serial number of the logger. */
export const LOGGER = 2_700_123_456;
/** High bytes of control codes. */
const [REQUEST, ANSWER, HEARTBEAT] = [0x45, 0x15, 0x47];
const HEADER = 11;
const BEFORE_REQUEST = Buffer.from(`02${"00".repeat(14)}`, "hex");
const BEFORE_ANSWER = Buffer.from("0201b6a60f001b27000053760763", "hex"); // status, working time, time since power on, offset

/** A frame of Solarman V5. `sequence`: both bytes, the low one first. */
export function solarmanFrame(type: number, sequence: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(HEADER + payload.length + 2);
  frame.writeUInt8(0xa5, 0);
  frame.writeUInt16LE(payload.length, 1);
  frame.writeUInt16BE(0x1000 | type, 3);
  frame.writeUInt16LE(sequence, 5);
  frame.writeUInt32LE(LOGGER, 7);
  payload.copy(frame, HEADER);
  const sum = frame.subarray(1, -2).reduce((total, byte) => total + byte, 0);
  frame.writeUInt8(sum & 0xff, frame.length - 2);
  frame.writeUInt8(0x15, frame.length - 1);
  return frame;
}

function rtu(unit: number, pdu: Buffer): Buffer {
  const body = Buffer.concat([Buffer.of(unit), pdu]);
  return Buffer.concat([body, crc16(body)]);
}

/** A request for a unit. */
export function solarmanRequest(unit: number, pdu: Buffer, id: number): Buffer {
  return solarmanFrame(REQUEST, id & 0xff, Buffer.concat([BEFORE_REQUEST, rtu(unit, pdu)]));
}

/** What a logger sends from time to time. */
export const heartbeat = solarmanFrame(HEARTBEAT, 0x6d97, Buffer.of(0));

/** The answer of a logger that has got none from the inverter. */
export function refusal(request: Buffer): Buffer {
  return solarmanFrame(ANSWER, request.readUInt8(5) | 0x3000, Buffer.concat([BEFORE_ANSWER, Buffer.of(5, 0)]));
}

function frameLength(bytes: Buffer): number {
  return bytes.length < 3 ? 0 : HEADER + bytes.readUInt16LE(1) + 2;
}

let counter = 0x40;

/** A logger of an inverter. The high byte of the sequence number of its answers is its own counter. */
export const solarman: TestProtocol = {
  name: "solarman",
  request: (key, id) => solarmanRequest(1 + (key % 247), readPdu(Math.floor(key / 247), 1 + (key % 4)), id),
  answer(request) {
    const asked = request.subarray(HEADER + BEFORE_REQUEST.length, -4);
    const payload = Buffer.concat([
      BEFORE_ANSWER,
      rtu(asked.readUInt8(0), answerPdu(asked.readUInt8(0), asked.subarray(1))),
    ]);
    counter = (counter + 1) & 0xff;
    return solarmanFrame(ANSWER, request.readUInt8(5) | (counter << 8), payload);
  },
  requestLength: frameLength,
  answerLength: frameLength,
  id: (message) => message.readUInt8(5),
  meaning: (answer) => answer.subarray(HEADER, -2).toString("hex"),
  isRefusal: (answer) => answer.readUInt8(HEADER + BEFORE_ANSWER.length + 1) > 0x80,
};
