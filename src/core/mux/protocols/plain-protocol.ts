import type { FramingKind } from "../../framing/framing.js";
import type { Protocol } from "../protocol.js";

/** A protocol of which no more is known than where its messages end: one answer to each request, in order. */
export function plain(framing: FramingKind): Protocol {
  return {
    framing,
    ids: false,
    tellsUnsolicited: false,
    tellsFailures: false,
    understand: (message) => ({ kind: "request", request: { bytes: Buffer.from(message), reads: false } }),
    malformed: () => undefined,
    stamp: ({ bytes }) => bytes,
    idOf: () => 0,
    fits: () => true,
    restore: ({ bytes }) => Buffer.from(bytes),
    failure: () => undefined,
  };
}
