import { printable } from "../parse/text.js";
import { escapeBytes } from "./escape.js";
import type { Message, Rendering } from "./view.js";

/** Longest fault shown, in characters: some quote what they have found, which can be long. */
const FAULT_MAX = 200;

/** Renders any bytes: escaped, behind their note. The reason of junk is the fault. */
export function plainRendering({ bytes, note, junk }: Message): Rendering {
  const shown = escapeBytes(bytes);
  const text = note === undefined ? shown : shown === "" ? note : `${note}: ${shown}`;
  return junk === undefined ? { text } : { text, fault: printable(junk.slice(0, FAULT_MAX)) };
}
