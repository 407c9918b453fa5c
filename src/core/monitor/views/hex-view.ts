import { hexOf } from "../../parse/hex.js";
import { plainRendering } from "../plain-rendering.js";
import type { Message, MessageParser, View } from "../view.js";

const ROW = 16;
/** Two digits and a space for each byte, and one more space. */
const HEX_WIDTH = ROW * 3 + 1;

/** What comes at once, in rows; nothing is kept, so that the chunks can be told from the rows. */
function rows(chunk: Buffer): Message[] {
  const count = Math.ceil(chunk.length / ROW);
  return Array.from({ length: count }, (_, row) => ({ bytes: chunk.subarray(row * ROW, (row + 1) * ROW) }));
}

const SIGHT: MessageParser = { push: rows, end: () => [] };

/** Any bytes: `3c 53 30  |<S0|`, the characters always in the same column. */
export const hex: View = {
  name: "hex",
  help: "whatever comes, in hexadecimal and in ASCII, 16 bytes a line",
  leastBytes: 16,
  open: () => ({ up: SIGHT, down: SIGHT }),
  render(message) {
    if (message.junk !== undefined) return plainRendering(message); // not from its sights, to which nothing is junk
    const { bytes } = message;
    const characters = bytes.toString("latin1").replaceAll(/[^\x20-\x7e]/g, ".");
    return { text: `${hexOf(bytes).padEnd(HEX_WIDTH)}|${characters}|` };
  },
};
