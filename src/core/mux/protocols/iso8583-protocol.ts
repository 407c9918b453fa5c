import type { FramingKind } from "../../framing/framing.js";
import { isEmptyIso, isIsoAnswer, isIsoPair, readIsoTrace } from "../iso8583-message.js";
import type { Protocol } from "../protocol.js";
import { plainProtocol } from "./plain-protocol.js";

/**
 * ISO 8583 behind a length (docs/mux.md). Empty messages are signs of life: nobody awaits one, and none answers anything else. Message type
 * and trace number pair request and answer where both carry them; other messages are paired by their order.
 *
 * @param lengthSize bytes of the length in front of a message
 */
export function iso8583Protocol(framing: FramingKind, lengthSize: number): Protocol {
  const isEmpty = (message: Buffer): boolean => isEmptyIso(message.subarray(lengthSize));
  const traceOf = (message: Buffer) => readIsoTrace(message.subarray(lengthSize));
  /** Whether the answer belongs to the request; nothing where only the order can tell. */
  const belongs = (answer: Buffer, request: Buffer): boolean | undefined => {
    if (isEmpty(answer)) return isEmpty(request);
    const [given, asked] = [traceOf(answer), traceOf(request)];
    if (given === undefined || asked === undefined || given.digits !== asked.digits) return undefined;
    return isIsoPair(given, asked);
  };
  return {
    ...plainProtocol(framing),
    interpret(message) {
      const bytes = Buffer.from(message);
      const trace = traceOf(bytes);
      const oneWay = trace !== undefined && isIsoAnswer(trace); // to a request of the host
      const signOfLife = isEmpty(bytes);
      return {
        kind: "request",
        request: { bytes, reads: false, ...(oneWay && { oneWay }), ...(signOfLife && { signOfLife }) },
      };
    },
    isAnswerTo: (answer, { bytes }) => belongs(answer, bytes) ?? true,
    isCertain: (answer, { bytes }) => belongs(answer, bytes) !== undefined,
  };
}
