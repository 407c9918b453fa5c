import type { Protocol } from "../mux/protocol.js";
import { modbusFormOf } from "../mux/protocols/modbus-protocol.js";
import type { Range } from "./recording.js";

/** What makes two requests the same: everything but their ids. A masked byte is like any other. */
export interface RequestKey {
  readonly text: string;
  readonly hasMasked: boolean;
}

/** Stands for a masked byte. No byte is that character. */
const MASKED = "\uffff";
const HEAD_END = "\r\n\r\n";

/** The key of a whole request. In HTTP it is the first line and the body: headers differ from client to client. */
export function requestKey(protocol: Protocol, message: Buffer, masked: readonly Range[] = []): RequestKey {
  const setId = modbusFormOf(protocol)?.setId;
  let bytes = message;
  if (setId !== undefined) {
    bytes = Buffer.from(message);
    setId(bytes, 0);
  }
  const characters = bytes.toString("latin1").split("");
  for (const [at, length] of masked) characters.fill(MASKED, at, at + length);
  const text = characters.join("");
  const key = protocol.framing.name === "http" ? withoutHeaders(text) : text;
  return { text: key, hasMasked: key.includes(MASKED) };
}

function withoutHeaders(text: string): string {
  const end = text.indexOf(HEAD_END);
  const body = end < 0 ? "" : text.slice(end + HEAD_END.length);
  return `${text.trimStart().split("\r\n", 1).join()}\n${body}`;
}

/** Whether a request is the recorded one, whose masked bytes may have been anything. */
export function isSameRequest(recorded: RequestKey, asked: RequestKey): boolean {
  if (!recorded.hasMasked) return recorded.text === asked.text;
  const { text } = recorded;
  if (text.length !== asked.text.length) return false;
  for (let at = 0; at < text.length; at += 1) if (text[at] !== MASKED && text[at] !== asked.text[at]) return false;
  return true;
}
