import { awaitedSerialAnswer, FRAME_MAX, FRAME_MIN } from "./awaited-serial-answer.js";
import { CRC_LENGTH, crcFits, shortestWithCrc } from "./crc16.js";
import type { Cut, Framing, FramingKind } from "./framing.js";
import { ANSWER_LENGTHS, EXCEPTION_BIT, EXCEPTION_LENGTH, type LengthRule, lengthBy } from "./function-codes.js";
import { LengthPrefixed } from "./length-prefixed.js";
import { readSerialRequest } from "./modbus-serial-requests.js";

const NOTHING = Buffer.alloc(0);

/** What begins at some index: a frame, nothing, or more bytes are necessary to say. */
type Found =
  | { readonly kind: "frame"; readonly length: number }
  | { readonly kind: "nothing"; readonly reason: string }
  | { readonly kind: "more" };
const MORE: Found = { kind: "more" };
type RuleOf = (functionCode: number) => LengthRule | "unknown" | "invalid";

const ruleOfAnswer: RuleOf = (code) => {
  if (code >= EXCEPTION_BIT) return EXCEPTION_LENGTH;
  return code >= 1 ? (ANSWER_LENGTHS.get(code) ?? "unknown") : "invalid";
};

/**
 * Only the CRC shows where a frame begins, because TCP loses the silence between frames. Behind a byte that begins no frame, the next byte is
 * tried. After a wrong byte count the framing may wait for bytes that come with a later frame only: callers that wait for an answer need a
 * timeout.
 */
class SerialFraming implements Framing {
  readonly #ruleOf: RuleOf;
  #held = NOTHING;

  constructor(ruleOf: RuleOf) {
    this.#ruleOf = ruleOf;
  }

  get held(): number {
    return this.#held.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    return this.#cut(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), false);
  }

  end(): readonly Cut[] {
    return this.#cut(this.#held, true);
  }

  /** @param ended whether no more bytes come: an incomplete frame is junk then */
  #cut(bytes: Buffer, ended: boolean): readonly Cut[] {
    const cuts: Cut[] = [];
    let at = 0;
    let junkFrom = 0;
    let reason = "";
    const cutJunk = (): void => {
      if (at > junkFrom) cuts.push({ kind: "junk", bytes: bytes.subarray(junkFrom, at), reason });
    };
    while (at < bytes.length) {
      const found = this.#find(bytes, at);
      if (found.kind === "more" && !ended) break;
      if (found.kind === "frame") {
        cutJunk();
        cuts.push({ kind: "frame", bytes: bytes.subarray(at, at + found.length) });
        at += found.length;
        junkFrom = at;
      } else {
        if (at === junkFrom) reason = found.kind === "more" ? "the stream ended within a frame" : found.reason;
        at += 1;
      }
    }
    cutJunk();
    this.#held = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at)); // shorter than FRAME_MAX
    return cuts;
  }

  #find(bytes: Buffer, at: number): Found {
    const code = bytes[at + 1];
    if (code === undefined) return MORE;
    const rule = this.#ruleOf(code);
    if (rule === "invalid") return nothing(`function code ${code}: there is no such`);
    if (rule === "unknown") {
      const length = shortestWithCrc(bytes, at, FRAME_MIN, FRAME_MAX);
      if (length !== undefined) return { kind: "frame", length };
      return bytes.length - at < FRAME_MAX ? MORE : nothing(`function code ${code}: no CRC within ${FRAME_MAX} bytes`);
    }
    const length = lengthBy(rule, bytes, at);
    if (length === undefined) return MORE;
    if (length > FRAME_MAX) return nothing(`function code ${code} of ${length} bytes: ${FRAME_MAX} is the most`);
    if (bytes.length - at < length) return MORE;
    if (crcFits(bytes, at, at + length)) return { kind: "frame", length };
    const crc = bytes.toString("hex", at + length - CRC_LENGTH, at + length);
    return nothing(`CRC ${crc} is wrong for function code ${code} of ${length} bytes`);
  }
}

function nothing(reason: string): Found {
  return { kind: "nothing", reason };
}

/** Modbus RTU over TCP as on the serial line: unit, PDU and CRC, without a header. */
export const modbusSerialFraming: FramingKind = {
  name: "modbus-serial",
  maxHeld: FRAME_MAX,
  requests: () => new LengthPrefixed(readSerialRequest),
  answers: (request) => (request === undefined ? new SerialFraming(ruleOfAnswer) : awaitedSerialAnswer(request)),
};
