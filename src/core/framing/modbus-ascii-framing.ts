import { ByteTail } from "../collections/byte-tail.js";
import type { Cut, Framing, FramingKind } from "./framing.js";

// MODBUS over Serial Line V1.02, 2.5.2: a frame is a colon, the bytes in hexadecimal digits, LRC, CR LF
const [COLON, CR, LF] = [0x3a, 0x0d, 0x0a];
const FRAME_MAX = 513; // 2.5.2.1: colon, 255 bytes of unit, PDU and LRC in two digits each, CR LF
const BYTES_MIN = 3; // unit, function code, LRC
const LRC_LENGTH = 1;
const HEX = /^([0-9a-f]{2})+$/i;

/** The LRC of unit and PDU: the byte with which their sum is 0 (6.2.1). */
function lrc(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xff;
}

/** The frame that carries this unit and PDU. */
export function asciiFrame(unitAndPdu: Buffer): Buffer {
  const digits = unitAndPdu.toString("hex") + lrc(unitAndPdu).toString(16).padStart(2, "0");
  return Buffer.from(`:${digits.toUpperCase()}\r\n`);
}

/** The unit and PDU that a frame carries; why there are none. LF alone ends a frame, too: some adapters leave out CR. */
export function bytesOfAscii(frame: Buffer): Buffer | string {
  const digits = frame.toString("latin1", 1, frame.at(-2) === CR ? frame.length - 2 : frame.length - 1);
  if (!HEX.test(digits)) return "hexadecimal digits are wanted between colon and CR LF";
  const bytes = Buffer.from(digits, "hex");
  if (bytes.length < BYTES_MIN) return `${bytes.length} bytes: ${BYTES_MIN} are the least`;
  const unitAndPdu = bytes.subarray(0, -LRC_LENGTH);
  const found = bytes.at(-LRC_LENGTH) ?? 0;
  return found === lrc(unitAndPdu) ? unitAndPdu : `LRC ${found.toString(16).padStart(2, "0")} is wrong`;
}

/** A colon begins a frame wherever it stands (2.5.2), so one damaged frame costs no other. */
class AsciiFraming implements Framing {
  /** The beginning of a frame, or bytes in front of one: without LF. */
  readonly #tail = new ByteTail();

  get held(): number {
    return this.#tail.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    const cuts: Cut[] = [];
    let at = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, at)) {
      this.#line(this.#tail.takeWith(chunk.subarray(at, lf + 1)), cuts);
      at = lf + 1;
    }
    this.#keep(chunk.subarray(at), cuts);
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#tail.take();
    return bytes.length === 0 ? [] : [junk(bytes, "the stream ended within a frame")];
  }

  /** Cuts bytes that end with their only LF. */
  #line(bytes: Buffer, cuts: Cut[]): void {
    const begin = bytes.lastIndexOf(COLON);
    if (begin !== 0) cuts.push(junk(begin < 0 ? bytes : bytes.subarray(0, begin), "bytes outside of colon and CR LF"));
    if (begin < 0) return;
    const frame = bytes.subarray(begin);
    const found = frame.length > FRAME_MAX ? TOO_LONG : bytesOfAscii(frame);
    cuts.push(typeof found === "string" ? junk(frame, found) : { kind: "frame", bytes: frame });
  }

  /** Keeps the beginning of a frame from bytes without LF; others are junk at once. */
  #keep(bytes: Buffer, cuts: Cut[]): void {
    if (bytes.length === 0) return;
    const begin = bytes.lastIndexOf(COLON);
    if (begin >= 0 || this.#tail.length === 0) {
      const before = this.#tail.takeWith(bytes.subarray(0, begin < 0 ? bytes.length : begin));
      if (before.length > 0) cuts.push(junk(before, "bytes outside of colon and CR LF"));
    }
    if (begin >= 0) this.#tail.append(bytes.subarray(begin));
    else if (this.#tail.length > 0) this.#tail.append(bytes);
    if (this.#tail.length >= FRAME_MAX) cuts.push(junk(this.#tail.take(), TOO_LONG)); // with its LF it would be too long
  }
}

const TOO_LONG = `frame of more than ${FRAME_MAX} bytes`;

function junk(bytes: Buffer, reason: string): Cut {
  return { kind: "junk", bytes, reason };
}

/** Modbus ASCII over TCP as on the serial line: a colon, unit, PDU and LRC in hexadecimal digits, CR LF. */
export const modbusAsciiFraming: FramingKind = {
  name: "modbus-ascii",
  maxHeld: FRAME_MAX,
  requests: () => new AsciiFraming(),
  answers: () => new AsciiFraming(),
};
