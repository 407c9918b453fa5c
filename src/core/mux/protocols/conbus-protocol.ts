import { checkTelegram } from "../../decode/conbus.js";
import { ALL_MODULES, readKey, replyKey } from "../../decode/conbus-read.js";
import { conbusFraming } from "../../framing/conbus-framing.js";
import type { Protocol } from "../protocol.js";
import { plainProtocol } from "./plain-protocol.js";

const TYPE_AT = 1;
const SERIAL_NUMBER = { at: 2, end: 12 }; // ten digits
const [REPLY, EVENT] = [0x52, 0x45]; // R, E

/** Function 02 reads a datapoint, and its reply repeats the datapoint. Other replies have another function: 18 says that an action is done. */
const READ_DATA_POINT = { at: 12, end: 18, begin: "F02D" };

function serialNumber(telegram: Buffer): string {
  return telegram.toString("latin1", SERIAL_NUMBER.at, SERIAL_NUMBER.end);
}

/** The datapoint that a telegram reads or reports; nothing when the telegram is about something else. */
function dataPoint(telegram: Buffer): string | undefined {
  const text = telegram.toString("latin1", READ_DATA_POINT.at, READ_DATA_POINT.end);
  return text.startsWith(READ_DATA_POINT.begin) ? text : undefined;
}

/**
 * Conbus (docs/mux.md). A module answers a system telegram `<S…>` with a reply `<R…>` that carries its serial number. A telegram to all
 * modules gets one reply of each module. Events `<E…>` come at any time. Clients share identical reads of a datapoint; the cache keeps
 * only replies that report the value.
 */
export const conbusProtocol: Protocol = {
  ...plainProtocol(conbusFraming),
  unasked: "told",
  interpret(message) {
    const key = readKey(message);
    const bytes = Buffer.from(message);
    // function 02 to one module changes nothing, whatever follows
    const isForOne = serialNumber(message) !== ALL_MODULES;
    const reads = isForOne && dataPoint(message) !== undefined && checkTelegram(message) === undefined;
    return { kind: "request", request: key === undefined ? { bytes, reads } : { bytes, reads: true, key } };
  },
  isFailure: (answer) => replyKey(answer) === undefined,
  isAnswerTo: (answer, { bytes }) =>
    answer[TYPE_AT] === REPLY &&
    [serialNumber(answer), ALL_MODULES].includes(serialNumber(bytes)) &&
    (dataPoint(bytes) === undefined || [dataPoint(bytes), undefined].includes(dataPoint(answer))),
  hasManyAnswers: ({ bytes }) => serialNumber(bytes) === ALL_MODULES,
  isEvent: (message) => message[TYPE_AT] === EVENT,
};
