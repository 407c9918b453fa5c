import { CRC_LENGTH, withCrc } from "../../framing/crc16.js";
import type { FramingKind } from "../../framing/framing.js";
import { modbusFraming } from "../../framing/modbus-framing.js";
import { modbusRtuFraming } from "../../framing/modbus-rtu-framing.js";
import { blockedWriteReply, failureReply, isException, isRead, isShareable, sameFunction } from "../modbus-pdu.js";
import type { Protocol } from "../protocol.js";

// MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3: the MBAP header
const LENGTH_AT = 4;
const UNIT_AT = 6;
const PDU_AT = 7;

/** A message with the header of `to` and this PDU. The length counts the CRC where the length of `to` does. */
function reply(to: Buffer, pdu: Buffer, crcSize: number): Buffer {
  const head = to.subarray(0, PDU_AT);
  const message = Buffer.concat([head, pdu]);
  const lengthCountsCrc = to.readUInt16BE(LENGTH_AT) === to.length - UNIT_AT;
  message.writeUInt16BE(message.length - UNIT_AT + (lengthCountsCrc ? crcSize : 0), LENGTH_AT);
  if (crcSize === 0) return message;
  return Buffer.concat([message.subarray(0, UNIT_AT), withCrc(message.subarray(UNIT_AT))]); // of unit and PDU
}

/**
 * Modbus/TCP, with or without a CRC behind the PDU. On the connection to the device the transaction ids are the mux's own, so late,
 * repeated and reordered answers reach no wrong client. Each client sees its own ids.
 */
function mbap(framing: FramingKind, crcSize: number): Protocol {
  const pduOf = (message: Buffer): Buffer => message.subarray(PDU_AT, message.length - crcSize);
  return {
    framing,
    hasIds: true,
    recognizesUnsolicited: true,
    hasFailureReply: true,
    interpret(message, _head, writes) {
      const bytes = Buffer.from(message);
      const pdu = pduOf(bytes);
      const blocked = blockedWriteReply(pdu, writes);
      if (blocked !== undefined) return { kind: "answer", bytes: reply(bytes, blocked, crcSize) };
      const key = isShareable(pdu) ? bytes.toString("latin1", UNIT_AT) : undefined;
      return { kind: "request", request: { bytes, reads: isRead(pdu), ...(key !== undefined && { key }) } };
    },
    malformedReply: () => undefined,
    withId({ bytes }, id) {
      const message = Buffer.from(bytes);
      message.writeUInt16BE(id);
      return message;
    },
    idOf: (answer) => answer.readUInt16BE(),
    isFailure: (answer) => isException(pduOf(answer)),
    isAnswerTo: (answer, { bytes }) => answer[UNIT_AT] === bytes[UNIT_AT] && sameFunction(pduOf(answer), pduOf(bytes)),
    forClient(cut, { bytes }) {
      const message = Buffer.from(cut.bytes);
      bytes.copy(message, 0, 0, 2);
      return message;
    },
    failureReply: ({ bytes }, why) => reply(bytes, failureReply(pduOf(bytes), why), crcSize),
  };
}

/** Modbus/TCP as specified. */
export const modbusProtocol = mbap(modbusFraming, 0);

/** Modbus/TCP with the CRC of serial lines behind the PDU. */
export const modbusRtuProtocol = mbap(modbusRtuFraming, CRC_LENGTH);
