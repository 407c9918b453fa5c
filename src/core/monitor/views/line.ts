import { echo } from "../../framing/echo.js";
import { plainLook } from "../look.js";
import { sightsOf } from "../sight.js";
import type { Message, View } from "../view.js";

const [CR, LF] = [0x0d, 0x0a];

/** The line without its end, CR LF or LF. */
function withoutEnd({ bytes }: Message): Message {
  const end = bytes.length - (bytes.at(-1) === LF ? 1 : 0);
  return { bytes: bytes.subarray(0, end < bytes.length && bytes[end - 1] === CR ? end - 1 : end) };
}

/** Lines of text. */
export const line: View = {
  name: "line",
  help: "lines that end in LF, each without its end",
  open: () => sightsOf(echo),
  look: (message) => plainLook(message.junk === undefined ? withoutEnd(message) : message),
};
