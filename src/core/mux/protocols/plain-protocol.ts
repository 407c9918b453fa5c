import type { FramingKind } from "../../framing/framing.js";
import type { Protocol } from "../protocol.js";

/** A protocol of which the mux knows only where messages end. Each request has one answer, and answers keep the order of requests. */
export function plainProtocol(framing: FramingKind): Protocol {
  return {
    framing,
    deviceFraming: framing,
    hasIds: false,
    clientsHaveIds: false,
    unasked: "messages",
    hasFailureReply: false,
    interpret: (message) => ({ kind: "request", request: { bytes: Buffer.from(message), reads: false } }),
    malformedReply: () => undefined,
    withId: ({ bytes }) => bytes,
    idOf: () => 0,
    isAnswerTo: () => true,
    forClient: ({ bytes }) => Buffer.from(bytes),
    failureReply: () => undefined,
  };
}
