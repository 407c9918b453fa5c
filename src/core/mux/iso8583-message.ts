// ISO 8583:1987 and ISO 8583:1993: MTI, bitmap, fields in the order of their numbers. The standard leaves open how
// digits are written: MTI and numbers in ASCII or in BCD, the bitmap in binary or in hex. Many hosts put a TPDU of five bytes in front.

/** What pairs a request with its answer. */
export interface IsoTrace {
  /** The message type, four digits: version, class, function, origin. */
  readonly mti: string;
  /** Field 11, the system trace audit number: six digits. Two readings where the length of the card number can be read in two ways. */
  readonly stans: readonly string[];
  /** How numbers are written. Two messages written differently cannot be compared. */
  readonly digits: "ascii" | "bcd";
}

const TPDU = { first: 0x60, length: 5 }; // transport protocol id of ISO 8583 in a TPDU
const STAN_FIELD = 11;
const STAN_DIGITS = 6;
const PAN_FIELD = 2;
const MAX_PAN = 19;
/** Digits of the fields 3 to 10, which stand in front of the STAN. Each has a fixed length in all versions that begin with 0 or 1. */
const DIGITS_OF: readonly (readonly [field: number, digits: number])[] = [
  [3, 6],
  [4, 12],
  [5, 12],
  [6, 12],
  [7, 10],
  [8, 8],
  [9, 8],
  [10, 8],
];
/** Version of 1987 or 1993, class, function, origin. The version of 2003 has fields of other lengths. */
const MTI = /^[01][1-8]\d\d$/;
const HEX_BITMAP = /^[\dA-Fa-f]{16}$/;
const FUNCTION_AT = 2;

/** How digits are written: as many bytes as they take, and the digits themselves; "" where these bytes are none. */
interface Digits {
  readonly name: IsoTrace["digits"];
  sizeOf(digits: number): number;
  read(bytes: Buffer, at: number, digits: number): string;
}

const ASCII: Digits = {
  name: "ascii",
  sizeOf: (digits) => digits,
  read: (bytes, at, digits) => onlyDigits(bytes.toString("latin1", at, at + digits), digits),
};

const BCD: Digits = {
  name: "bcd",
  sizeOf: (digits) => Math.ceil(digits / 2),
  read: (bytes, at, digits) => onlyDigits(bytes.toString("hex", at, at + Math.ceil(digits / 2)).slice(-digits), digits),
};

function onlyDigits(text: string, digits: number): string {
  return text.length === digits && /^\d+$/.test(text) ? text : "";
}

/** A message without the TPDU in front of it. */
export function behindTpdu(message: Buffer): Buffer {
  return message[0] === TPDU.first && message.length >= TPDU.length ? message.subarray(TPDU.length) : message;
}

/** Whether a message, without its length, says nothing: hosts and terminals send it as a sign of life. */
export function isEmptyIso(message: Buffer): boolean {
  return behindTpdu(message).length === 0;
}

/** Type and trace number of a message, without its length; nothing where it has none, or writes them as nobody else does. */
export function readIsoTrace(message: Buffer): IsoTrace | undefined {
  const body = behindTpdu(message);
  for (const digits of [ASCII, BCD]) {
    const mti = digits.read(body, 0, 4);
    if (MTI.test(mti)) return traceOf(mti, body.subarray(digits.sizeOf(4)));
  }
  return undefined;
}

/** @param rest what follows the message type */
function traceOf(mti: string, rest: Buffer): IsoTrace | undefined {
  const isHex = HEX_BITMAP.test(rest.toString("latin1", 0, 16));
  const bits = isHex ? Buffer.from(rest.toString("latin1", 0, 16), "hex") : rest.subarray(0, 8);
  if (bits.length < 8 || !has(bits, STAN_FIELD)) return undefined;
  const size = isHex ? 16 : 8;
  const fieldsAt = has(bits, 1) ? 2 * size : size; // field 1 is the second bitmap
  for (const digits of [ASCII, BCD]) {
    const panSizes = has(bits, PAN_FIELD) ? panSizesOf(rest, fieldsAt, digits) : [0];
    const stans = panSizes.map((size) => stanOf(rest, fieldsAt + size, bits, digits)).filter((stan) => stan !== "");
    if (stans.length > 0) return { mti, stans, digits: digits.name };
  }
  return undefined;
}

function has(bits: Buffer, field: number): boolean {
  return (((bits[(field - 1) >> 3] ?? 0) << ((field - 1) & 7)) & 0x80) !== 0;
}

/** The bytes that the card number takes, its length included. In front of packed digits, a length is packed or a plain number. */
function panSizesOf(bytes: Buffer, at: number, digits: Digits): number[] {
  const lengths = new Set([digits.read(bytes, at, 2)].filter((text) => text !== "").map(Number));
  if (digits === BCD) lengths.add(bytes[at] ?? 0);
  return [...lengths].filter((length) => length <= MAX_PAN).map((length) => digits.sizeOf(2) + digits.sizeOf(length));
}

/** The trace number, where the fields behind the card number begin at `fieldsAt`; "" where the bytes are not written in these digits. */
function stanOf(bytes: Buffer, fieldsAt: number, bits: Buffer, digits: Digits): string {
  let at = fieldsAt;
  for (const [field, count] of DIGITS_OF) {
    if (!has(bits, field)) continue;
    if (digits.read(bytes, at, count) === "") return "";
    at += digits.sizeOf(count);
  }
  return digits.read(bytes, at, STAN_DIGITS);
}

/** Whether a message type is that of an answer: its function is odd (0110, 0210, 0430, 0810). */
export function isIsoAnswer({ mti }: IsoTrace): boolean {
  return Number(mti[FUNCTION_AT]) % 2 === 1;
}

/**
 * Whether both traces belong together: 0100 and 0110, 0420 or 0421 and 0430, with the same trace number. Whoever repeats a request changes
 * the origin only.
 */
export function isIsoPair(answer: IsoTrace, request: IsoTrace): boolean {
  const sameClass = answer.mti.slice(0, FUNCTION_AT) === request.mti.slice(0, FUNCTION_AT);
  const follows = Number(answer.mti[FUNCTION_AT]) === Number(request.mti[FUNCTION_AT]) + 1;
  return sameClass && follows && answer.stans.some((stan) => request.stans.includes(stan));
}
