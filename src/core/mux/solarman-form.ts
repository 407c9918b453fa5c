import { crcFits } from "../framing/crc16.js";
import { lengthBy, type RuleOf, ruleOfAnswer, ruleOfRequest } from "../framing/function-codes.js";
import {
  PAYLOAD_AT,
  SEQUENCE_AT,
  SERIAL_AT,
  setChecksum,
  solarmanFrame,
  solarmanFraming,
  TRAILER,
  TYPE_AT,
} from "../framing/solarman-framing.js";
import { MODBUS_FORMS, type ModbusForm, type ModbusMessage } from "./modbus-forms.js";

// High bytes of control codes: what clients ask, and what loggers answer. Others are about the logger: heartbeats, data for the manufacturer.
const REQUEST = 0x45;
const ANSWER = 0x15;
/** What stands before the RTU frame of a request: the frame type (inverter), the sensor, and three times. */
const BEFORE_REQUEST = Buffer.from([2, ...Buffer.alloc(14)]);
/** And of an answer: the frame type, the status, and three times. */
const BEFORE_ANSWER = Buffer.from([2, 1, ...Buffer.alloc(12)]);
const FRAME_MIN = 4; // unit, function code, CRC
const NOTHING = Buffer.alloc(0);
const RTU = MODBUS_FORMS["modbus-serial"];

/** The RTU frame at the beginning of these bytes: some loggers send zeros, or a second CRC, behind it. */
function rtuIn(bytes: Buffer, ruleOf: RuleOf): Buffer | undefined {
  if (bytes.length < FRAME_MIN) return undefined;
  const rule = ruleOf(bytes[1] ?? 0);
  const length = rule === undefined ? bytes.length : (lengthBy(rule, bytes, 0) ?? bytes.length);
  return length <= bytes.length && crcFits(bytes, 0, length) ? bytes.subarray(0, length) : undefined;
}

function unwrap(message: Buffer): ModbusMessage {
  const type = message[TYPE_AT];
  const header = { id: message[SEQUENCE_AT] ?? 0, countsCrc: true, serial: message.readUInt32LE(SERIAL_AT) };
  const nothing = { ...header, unit: 0, pdu: NOTHING };
  if (type !== REQUEST && type !== ANSWER) return { ...nothing, lacks: "modbus" };
  const [before, ruleOf] = type === REQUEST ? [BEFORE_REQUEST, ruleOfRequest] : [BEFORE_ANSWER, ruleOfAnswer];
  const rtu = rtuIn(message.subarray(PAYLOAD_AT + before.length, message.length - TRAILER), ruleOf);
  if (rtu === undefined) return { ...nothing, lacks: type === ANSWER ? "answer" : "modbus" };
  const { unit, pdu } = RTU.unwrap(rtu);
  return { ...header, unit, pdu };
}

const wrapIn =
  (type: number, before: Buffer): ModbusForm["wrap"] =>
  (unit, pdu, header) => {
    const { id, serial = 0 } = header;
    return solarmanFrame(type, id & 0xff, serial, Buffer.concat([before, RTU.wrap(unit, pdu, header)]));
  };

/**
 * Solarman V5: an RTU frame in a frame of the logger. The sequence number of an answer repeats the low byte of the request's; its high byte is a
 * counter of the logger. Where the inverter gives no answer, the logger's one is an error code.
 */
export const solarmanForm: ModbusForm = {
  framing: solarmanFraming,
  hasIds: true,
  idCount: 0x100,
  unwrap,
  wrap: wrapIn(ANSWER, BEFORE_ANSWER),
  wrapRequest: wrapIn(REQUEST, BEFORE_REQUEST),
  setId(message, id) {
    message[SEQUENCE_AT] = id;
    setChecksum(message);
  },
  keepsMessages: true,
};
