import type { TestProtocol } from "../../support/exchange.js";

// ISO 8583:1987 messages in ASCII, with two bytes of length: MTI, primary bitmap in hex, field 4 (amount, 12 digits) and field 11 (STAN, 6 digits).

const BITMAP = "1020000000000000"; // fields 4 and 11

/** A message with its two bytes of length. */
export function isoMessage(mti: string, amount: number, stan: number): Buffer {
  const text = `${mti}${BITMAP}${String(amount).padStart(12, "0")}${String(stan).padStart(6, "0")}`;
  return Buffer.concat([Buffer.of(text.length >> 8, text.length & 0xff), Buffer.from(text)]);
}

/** An empty message: a keepalive. */
export const EMPTY = Buffer.of(0, 0);

/** MTI, amount and STAN of a message; nothing of an empty one. */
export function isoParts(message: Buffer): { mti: string; amount: number; stan: number } | undefined {
  const text = message.toString("latin1", 2);
  const found = /^(\d{4})[\dA-F]{16}(\d{12})(\d{6})$/.exec(text);
  return found === null ? undefined : { mti: found[1] ?? "", amount: Number(found[2]), stan: Number(found[3]) };
}

/** Payment messages that carry what pairs them. The answer repeats amount and STAN; an empty request gets an empty answer. */
export const payments: TestProtocol = {
  name: "iso8583",
  request: (key, id) => isoMessage("0200", key, id),
  answer(request) {
    const asked = isoParts(request);
    return asked === undefined ? EMPTY : isoMessage("0210", asked.amount, asked.stan);
  },
  requestLength: messageLength,
  answerLength: messageLength,
  meaning: (answer) => answer.toString("latin1"),
  isRefusal: () => false,
};

function messageLength(bytes: Buffer): number {
  return bytes.length < 2 ? 0 : 2 + bytes.readUInt16BE(0);
}
