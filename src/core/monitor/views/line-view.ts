import { LINE_ENDS, type LineEnd, lineFraming } from "../../framing/echo-framing.js";
import { messageParsersOf } from "../message-parser.js";
import { plainRendering } from "../plain-rendering.js";
import type { Message, View } from "../view.js";

const CR = 0x0d;

/** A line without its end; where that is LF, without a CR in front of it, too. */
function withoutEnd({ bytes }: Message, lineEnd: LineEnd): Message {
  const length = lineEnd === "lf" && bytes.at(-2) === CR ? LINE_ENDS.crlf.length : LINE_ENDS[lineEnd].length;
  return { bytes: bytes.subarray(0, -length) };
}

function lineViewOf(lineEnd: LineEnd): View {
  return {
    name: "line",
    minMessageBytes: 4,
    withLineEnd: lineViewOf,
    createParsers: () => messageParsersOf(lineFraming(lineEnd)),
    render: (message) => plainRendering(message.junk === undefined ? withoutEnd(message, lineEnd) : message),
  };
}

/** Lines of text. */
export const lineView: View = lineViewOf("lf");
