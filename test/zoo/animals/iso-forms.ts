import type { TestProtocol } from "../../support/exchange.js";

// ISO 8583:1987 as hosts write it: MTI and numbers in ASCII or BCD, the bitmap in hex or binary, a TPDU or none, and two bytes of length or four
// digits (PROT=iso8583, PROT=mpu). The messages have field 4 (amount: the key of a request) and field 11 (STAN: one more).

const BITMAP = "1020000000000000";
const TPDU = Buffer.from("6000010000", "hex");

/** How a host writes its messages. */
export interface IsoForm {
  readonly name: "iso8583" | "mpu";
  readonly digits: "ascii" | "bcd";
  readonly bitmap: "hex" | "binary";
  readonly tpdu: boolean;
}

export interface IsoProtocol extends TestProtocol {
  /** A message with its length. */
  message(mti: string, amount: number, stan: number): Buffer;
  /** An empty message: a keepalive. */
  readonly empty: Buffer;
}

/** The protocol of hosts that write their messages so. */
export function isoProtocol({ name, digits, bitmap, tpdu }: IsoForm): IsoProtocol {
  const lengthSize = name === "mpu" ? 4 : 2;
  const number = (text: string): Buffer => Buffer.from(text, digits === "ascii" ? "latin1" : "hex");
  const bits = bitmap === "hex" ? Buffer.from(BITMAP) : Buffer.from(BITMAP, "hex");
  const framed = (body: Buffer): Buffer => {
    const length = name === "mpu" ? Buffer.from(String(body.length).padStart(4, "0")) : Buffer.of(0, body.length);
    return Buffer.concat([length, body]);
  };
  const message = (mti: string, amount: number, stan: number): Buffer => {
    const numbers = [String(amount).padStart(12, "0"), String(stan).padStart(6, "0")].map(number);
    return framed(Buffer.concat([...(tpdu ? [TPDU] : []), number(mti), bits, ...numbers]));
  };
  const lengthOf = (bytes: Buffer): number => {
    if (bytes.length < lengthSize) return 0;
    const length = name === "mpu" ? Number(bytes.toString("latin1", 0, 4)) : bytes.readUInt16BE();
    return lengthSize + length;
  };
  const mtiAt = lengthSize + (tpdu ? TPDU.length : 0);
  return {
    name,
    message,
    empty: framed(Buffer.alloc(0)),
    request: (key) => message("0200", key, key + 1),
    answer(request) {
      const answer = Buffer.from(request);
      if (answer.length > mtiAt) number("0210").copy(answer, mtiAt);
      return answer;
    },
    requestLength: lengthOf,
    answerLength: lengthOf,
    meaning: (answer) => answer.toString("hex"),
    isRefusal: () => false,
  };
}
