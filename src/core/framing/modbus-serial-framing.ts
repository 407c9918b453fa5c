import { awaitedSerialAnswer, FRAME_MAX } from "./awaited-serial-answer.js";
import type { Cut, Framing, FramingKind } from "./framing.js";
import { ruleOfAnswer, ruleOfRequest } from "./function-codes.js";
import { LengthPrefixed } from "./length-prefixed.js";
import { serialFrames } from "./serial-frames.js";

const NOTHING = Buffer.alloc(0);
const readAnswer = serialFrames(ruleOfAnswer);

/**
 * What a device sends before anybody asks. Only the CRC shows where a frame begins, because TCP loses the silence between frames. Behind a
 * byte that begins no frame, the next byte is tried. After a wrong byte count the framing may wait for bytes that come with a later frame only.
 */
class UnaskedFrames implements Framing {
  #held = NOTHING;

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
      const found = readAnswer(bytes, at);
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
}

/**
 * Modbus RTU over TCP as on the serial line: unit, PDU and CRC, without a header. A client sends nothing but requests, so bytes that begin none
 * are told at once: a client whose CRC is wrong must not wait for an answer.
 */
export const modbusSerialFraming: FramingKind = {
  name: "modbus-serial",
  maxHeld: FRAME_MAX,
  requests: () => new LengthPrefixed(serialFrames(ruleOfRequest)),
  answers: (request) => (request === undefined ? new UnaskedFrames() : awaitedSerialAnswer(request)),
};
