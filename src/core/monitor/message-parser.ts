import type { Cut, Framing, FramingKind } from "../framing/framing.js";
import type { Message, MessageParser } from "./view.js";

/**
 * Sight of one direction by a framing: what it cuts out as a frame is a message.
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

/** Sights for both directions, of a protocol whose messages can be told apart without the other direction. */
export function messageParsersOf(kind: FramingKind): { readonly up: MessageParser; readonly down: MessageParser } {
  return { up: messageParserOf(kind.requests()), down: messageParserOf(kind.answers()) };
}
