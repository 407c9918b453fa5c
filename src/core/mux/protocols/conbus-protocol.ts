import { readKey, replyKey } from "../../direct/conbus-read.js";
import { conbus as conbusFraming } from "../../framing/conbus-framing.js";
import type { Protocol } from "../protocol.js";
import { plain } from "./plain-protocol.js";

const TYPE_AT = 1;
const SERIAL_NUMBER = { at: 2, end: 12 }; // ten digits
const [REPLY, EVENT] = [0x52, 0x45]; // R, E

/** Function 02 reads a data point; its reply repeats which. Other functions are answered by others (an action by 18, done). */
const READ_DATA_POINT = { at: 12, end: 18, begin: "F02D" };

const ALL_MODULES = "0000000000";

function serialNumber(telegram: Buffer): string {
  return telegram.toString("latin1", SERIAL_NUMBER.at, SERIAL_NUMBER.end);
}

/** Which data point a telegram reads or tells; nothing when it is about something else. */
function dataPoint(telegram: Buffer): string | undefined {
  const text = telegram.toString("latin1", READ_DATA_POINT.at, READ_DATA_POINT.end);
  return text.startsWith(READ_DATA_POINT.begin) ? text : undefined;
}

/**
 * Conbus (seed conbus-reverse-proxy): a system telegram `<S…>` is answered by a reply `<R…>` with the serial number of the same
 * module, or, when it is for all modules, by one of each. Events `<E…>` come at any time. Identical reads of a data point can be
 * shared; only a reply that tells its value is worth keeping.
 */
export const conbus: Protocol = {
  ...plain(conbusFraming),
  tellsUnsolicited: true,
  understand(message) {
    const key = readKey(message);
    const bytes = Buffer.from(message);
    return { kind: "request", request: key === undefined ? { bytes, reads: false } : { bytes, reads: true, key } };
  },
  isFailure: (answer) => replyKey(answer) === undefined,
  fits: (answer, { bytes }) =>
    answer[TYPE_AT] === REPLY &&
    [serialNumber(answer), ALL_MODULES].includes(serialNumber(bytes)) &&
    (dataPoint(bytes) === undefined || [dataPoint(bytes), undefined].includes(dataPoint(answer))),
  hasManyAnswers: ({ bytes }) => serialNumber(bytes) === ALL_MODULES,
  isEvent: (message) => message[TYPE_AT] === EVENT,
};
