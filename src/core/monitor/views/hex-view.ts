import { hexOf } from "../../parse/hex.js";
import { plainRendering } from "../plain-rendering.js";
import type { Message, MessageParser, View } from "../view.js";

const ROW = 16;
/** Characters: two digits and a space for each byte, and one more space. */
const HEX_WIDTH = ROW * 3 + 1;

/** A chunk in rows. The next chunk begins a new row, so the rows show where chunks begin. */
function rows(chunk: Buffer): Message[] {
  const count = Math.ceil(chunk.length / ROW);
  return Array.from({ length: count }, (_, row) => ({ bytes: chunk.subarray(row * ROW, (row + 1) * ROW) }));
}

const ROW_PARSER: MessageParser = { push: rows, end: () => [] };

/** Any bytes: `3c 53 30  |<S0|`, the characters always in the same column. */
export const hexView: View = {
  name: "hex",
  minMessageBytes: 16,
  createParsers: () => ({ up: ROW_PARSER, down: ROW_PARSER }),
  render(message) {
    if (message.junk !== undefined) return plainRendering(message); // from the parser of another view: to this one nothing is junk
    const { bytes } = message;
    const characters = bytes.toString("latin1").replaceAll(/[^\x20-\x7e]/g, ".");
    return { text: `${hexOf(bytes).padEnd(HEX_WIDTH)}|${characters}|` };
  },
};
