import { ExpectedAnswers } from "./expected-answers.js";
import type { Framing } from "./framing.js";
import { type HeaderReader, LengthPrefixed } from "./length-prefixed.js";
import { LONGEST_ANSWER } from "./mbap.js";
import { Surplus } from "./surplus.js";

/**
 * A framing for the answers on one link with MBAP headers, which believes the requests more than the headers.
 *
 * @param crcSize bytes of the CRC behind each PDU
 * @param readerOf makes the reader of one answer: it is called where no surplus bytes begin
 */
export function mbapAnswers(
  crcSize: number,
  readerOf: (expected: ExpectedAnswers, surplus: Surplus) => HeaderReader,
): Framing {
  const expected = new ExpectedAnswers(crcSize);
  const surplus = new Surplus((bytes, at) => expected.beginsHeader(bytes, at, LONGEST_ANSWER + crcSize));
  const readOne = readerOf(expected, surplus);
  const read: HeaderReader = (bytes, at) => {
    const reading = surplus.read(bytes, at) ?? readOne(bytes, at);
    if (reading.kind === "frame") expected.answered(bytes.readUInt16BE(at));
    return reading;
  };
  return new LengthPrefixed(read, (request) => expected.expect(request));
}
