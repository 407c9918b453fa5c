import type { Cut, Framing, FramingKind } from "../framing/framing.js";
import type { Message, MessageParser } from "./view.js";

/**
 * A parser of one direction: each frame of the framing is a message.
 *
 * @param note put before each message
 */
export function messageParserOf(framing: Framing, note?: string): MessageParser {
  const messageOf = (cut: Cut): Message => {
    if (cut.kind === "junk") return { bytes: cut.bytes, junk: cut.reason };
    return note === undefined ? { bytes: cut.bytes } : { bytes: cut.bytes, note };
  };
  return { push: (chunk) => framing.push(chunk).map(messageOf), end: () => framing.end().map(messageOf) };
}

/** Parsers for both directions of a protocol, neither of which needs to see the other. */
export function messageParsersOf(kind: FramingKind): { readonly up: MessageParser; readonly down: MessageParser } {
  return { up: messageParserOf(kind.requests()), down: messageParserOf(kind.answers()) };
}
