import { echoFraming } from "../../framing/echo-framing.js";
import { messageParsersOf } from "../message-parser.js";
import { plainRendering } from "../plain-rendering.js";
import type { Message, View } from "../view.js";

const CR = 0x0d;

/** A line without its CR LF or LF. */
function withoutEnd({ bytes }: Message): Message {
  return { bytes: bytes.subarray(0, bytes.at(-2) === CR ? -2 : -1) };
}

/** Lines of text. */
export const lineView: View = {
  name: "line",
  minMessageBytes: 4,
  createParsers: () => messageParsersOf(echoFraming),
  render: (message) => plainRendering(message.junk === undefined ? withoutEnd(message) : message),
};
