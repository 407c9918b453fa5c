import { escapeText } from "../escape.js";
import { httpMessageParsers } from "../http-message-parser.js";
import { plainRendering } from "../plain-rendering.js";
import type { Message, Rendering, View } from "../view.js";

/** A message without a note that is no junk is a head. */
function render(message: Message): Rendering {
  if (message.junk !== undefined || message.note !== undefined) return plainRendering(message);
  const lines = message.bytes.toString("latin1").split(/\r?\n/);
  return { text: escapeText(lines.filter((line) => line !== "").join(" | "), message.bytes.length) };
}

/** HTTP/1.0 and HTTP/1.1: each head in one line, and the beginning of each body. */
export const httpView: View = {
  name: "http",
  minMessageBytes: 32,
  createParsers: httpMessageParsers,
  render,
};
