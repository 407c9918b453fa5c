import type { Cut, Framing, FramingKind } from "../framing/framing.js";
import type { Message, Sight } from "./view.js";

/**
 * Sight of one direction by a framing: what it cuts out as a frame is a message.
 *
 * @param note put before each message
 */
export function sightOf(framing: Framing, note?: string): Sight {
  const messageOf = (cut: Cut): Message => {
    if (cut.kind === "junk") return { bytes: cut.bytes, junk: cut.reason };
    return note === undefined ? { bytes: cut.bytes } : { bytes: cut.bytes, note };
  };
  return { push: (chunk) => framing.push(chunk).map(messageOf), end: () => framing.end().map(messageOf) };
}

/** Sights for both directions, of a protocol whose messages can be told apart without the other direction. */
export function sightsOf(kind: FramingKind): { readonly up: Sight; readonly down: Sight } {
  return { up: sightOf(kind.requests()), down: sightOf(kind.answers()) };
}
