import { crc16 } from "../../framing/crc16.js";
import { modbusSerial as modbusSerialFraming } from "../../framing/modbus-serial-framing.js";
import { failedPdu, isException, isShareable, keptPdu, onlyReads, sameFunction } from "../modbus-pdu.js";
import type { Protocol } from "../protocol.js";
import { plain } from "./plain-protocol.js";

// MODBUS over Serial Line V1.02: unit, PDU, CRC (2.5.1); unit 0 is all of them, and none answers (2.1)
const PDU_AT = 1;
const CRC_SIZE = 2;
const BROADCAST_UNIT = 0;
const SILENCE = Buffer.alloc(0); // whoever has asked all units expects no answer

function pduOf(frame: Buffer): Buffer {
  return frame.subarray(PDU_AT, frame.length - CRC_SIZE);
}

function reply(to: Buffer, pdu: Buffer): Buffer {
  const frame = Buffer.concat([to.subarray(0, PDU_AT), pdu, Buffer.alloc(CRC_SIZE)]);
  frame.writeUInt16LE(crc16(frame.subarray(0, -CRC_SIZE)), frame.length - CRC_SIZE);
  return frame;
}

/** Bare RTU frames over TCP, as transparent serial servers pass them. */
export const modbusSerial: Protocol = {
  ...plain(modbusSerialFraming),
  tellsFailures: true,
  understand(message, _head, writes) {
    const bytes = Buffer.from(message);
    const pdu = pduOf(bytes);
    const oneWay = bytes[0] === BROADCAST_UNIT;
    const kept = keptPdu(pdu, writes);
    if (kept !== undefined) return { kind: "answer", bytes: oneWay ? SILENCE : reply(bytes, kept) };
    const key = isShareable(pdu) ? bytes.toString("latin1") : undefined;
    return {
      kind: "request",
      request: { bytes, reads: onlyReads(pdu), ...(key !== undefined && { key }), ...(oneWay && { oneWay }) },
    };
  },
  isFailure: (answer) => isException(pduOf(answer)),
  fits: (answer, { bytes }) => answer[0] === bytes[0] && sameFunction(pduOf(answer), pduOf(bytes)),
  failure: ({ bytes, oneWay }, why) => (oneWay ? SILENCE : reply(bytes, failedPdu(pduOf(bytes), why))),
};
