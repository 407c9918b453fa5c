import type { Direction } from "../../decode/direction.js";
import { describePdu, type PduParts, wordsOf } from "../../decode/modbus.js";
import { MBAP_HEADER } from "../../framing/mbap.js";
import { modbusFraming } from "../../framing/modbus-framing.js";
import { hexOf } from "../../parse/hex.js";
import { messageParserOf } from "../message-parser.js";
import { plainRendering } from "../plain-rendering.js";
import type { Decoded, Message, Rendering, View } from "../view.js";

/** Notes of the parsers: render() does not know the direction, and the PDU does not show it. */
const [REQUEST, ANSWER] = ["request", "answer"];

/** The parts of a message, behind its MBAP header: unit and PDU. */
function describe({ bytes }: Message, direction: Direction): PduParts | undefined {
  const unit = bytes[MBAP_HEADER];
  const parts = describePdu(bytes.subarray(MBAP_HEADER + 1), direction);
  return unit === undefined || parts === undefined ? undefined : { unit, ...parts };
}

function render(message: Message): Rendering {
  if (message.junk !== undefined) return plainRendering(message);
  const parts = describe(message, message.note === ANSWER ? "down" : "up");
  const hex = hexOf(message.bytes);
  return { text: parts === undefined ? hex : `${hex}  ${wordsOf(parts)}` };
}

function decode(message: Message, direction: Direction): Decoded | undefined {
  const parts = message.junk === undefined ? describe(message, direction) : undefined;
  if (parts === undefined) return undefined;
  return { text: wordsOf(parts), parts: { transaction: message.bytes.readUInt16BE(0), ...parts } };
}

/** Modbus/TCP: the bytes, and their meaning. */
export const modbusView: View = {
  name: "modbus",
  minMessageBytes: 8,
  createParsers: () => ({
    up: messageParserOf(modbusFraming.requests(), REQUEST),
    down: messageParserOf(modbusFraming.answers(), ANSWER),
  }),
  render,
  decode,
};
