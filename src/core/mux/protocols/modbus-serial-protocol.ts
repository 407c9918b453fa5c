import { CRC_LENGTH, withCrc } from "../../framing/crc16.js";
import { modbusSerialFraming } from "../../framing/modbus-serial-framing.js";
import { blockedWriteReply, failureReply, isException, isRead, isShareable, sameFunction } from "../modbus-pdu.js";
import type { Protocol } from "../protocol.js";
import { plainProtocol } from "./plain-protocol.js";

// MODBUS over Serial Line V1.02: a frame is unit, PDU, CRC (2.5.1); unit 0 addresses all units, and none answers (2.1)
const PDU_AT = 1;
const BROADCAST_UNIT = 0;
const SILENCE = Buffer.alloc(0); // the reply to a request for all units

function pduOf(frame: Buffer): Buffer {
  return frame.subarray(PDU_AT, frame.length - CRC_LENGTH);
}

function reply(to: Buffer, pdu: Buffer): Buffer {
  return withCrc(Buffer.concat([to.subarray(0, PDU_AT), pdu]));
}

/** Bare RTU frames over TCP, as transparent serial servers forward them. */
export const modbusSerialProtocol: Protocol = {
  ...plainProtocol(modbusSerialFraming),
  hasFailureReply: true,
  interpret(message, _head, writes) {
    const bytes = Buffer.from(message);
    const pdu = pduOf(bytes);
    const oneWay = bytes[0] === BROADCAST_UNIT;
    const blocked = blockedWriteReply(pdu, writes);
    if (blocked !== undefined) return { kind: "answer", bytes: oneWay ? SILENCE : reply(bytes, blocked) };
    const key = isShareable(pdu) ? bytes.toString("latin1") : undefined;
    return {
      kind: "request",
      request: { bytes, reads: isRead(pdu), ...(key !== undefined && { key }), ...(oneWay && { oneWay }) },
    };
  },
  isFailure: (answer) => isException(pduOf(answer)),
  isAnswerTo: (answer, { bytes }) => answer[0] === bytes[0] && sameFunction(pduOf(answer), pduOf(bytes)),
  failureReply: ({ bytes, oneWay }, why) => (oneWay ? SILENCE : reply(bytes, failureReply(pduOf(bytes), why))),
};
