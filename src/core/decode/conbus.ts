import { printable } from "../parse/text.js";

/** Shortest telegram: between its brackets a letter, and the two letters of the checksum. */
const BRACKET = 1;
const CHECKSUM_LENGTH = 2;
const TELEGRAM_MIN = BRACKET + 1 + CHECKSUM_LENGTH + BRACKET;
const LETTER_A = 0x41;

/**
 * The parts of a telegram. Numbers are kept as their digits. A telegram that does not have the form of its type has all its text in `data`.
 */
export interface Telegram {
  /** Its first letter: S, R or E. */
  readonly type: "system" | "reply" | "event" | "unknown";
  /** Ten digits: the module that a system telegram is for, or that a reply is from. */
  readonly serialNumber?: string;
  /** Two digits. */
  readonly function?: string;
  readonly functionName?: string;
  /** Two digits. */
  readonly datapoint?: string;
  /** Of events: the kind of module, its link, and the input that has changed. */
  readonly moduleType?: string;
  readonly link?: string;
  readonly input?: string;
  /** Of events: M (a button is pressed) or B (it is released). */
  readonly action?: "make" | "break";
  /** The rest before the checksum. */
  readonly data?: string;
  /** As the telegram has it, right or wrong. */
  readonly checksum: string;
}

const TYPES: Readonly<Record<string, Telegram["type"]>> = { S: "system", R: "reply", E: "event" };

/** Names of the functions for which the Conbus documents of conson-xp have an example. */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  "01": "discovery",
  "02": "read datapoint",
  "05": "blink",
  "06": "unblink",
  "18": "acknowledged",
  "27": "action",
};

/** The checksum of these bytes, which are all between `<` and the checksum: their XOR as two letters A to P, high nibble first. */
export function checksum(bytes: Buffer): string {
  let xor = 0;
  for (const byte of bytes) xor ^= byte;
  return String.fromCharCode(LETTER_A + (xor >> 4), LETTER_A + (xor & 0xf));
}

/** Verifies the checksum of a telegram with its brackets. Returns what is wrong; undefined when the checksum is right. */
export function checkTelegram(telegram: Buffer): string | undefined {
  if (telegram.length < TELEGRAM_MIN) return "too short for a checksum";
  const right = checksum(telegram.subarray(BRACKET, checksumAt(telegram)));
  const found = checksumOf(telegram);
  return found === right ? undefined : `checksum ${printable(found)}, ${right} is right`;
}

/** Parses a telegram with its brackets, whether its checksum is right or not. Undefined for one too short for a checksum. */
export function parseTelegram(telegram: Buffer): Telegram | undefined {
  if (telegram.length < TELEGRAM_MIN) return undefined;
  const inside = telegram.toString("latin1", BRACKET, checksumAt(telegram));
  const type = TYPES[inside.charAt(0)] ?? "unknown";
  const rest = inside.slice(1);
  const parts = type === "unknown" ? dataIn(inside) : type === "event" ? readEvent(rest) : readSystem(rest);
  return { type, ...parts, checksum: checksumOf(telegram) };
}

function checksumAt(telegram: Buffer): number {
  return telegram.length - BRACKET - CHECKSUM_LENGTH;
}

function checksumOf(telegram: Buffer): string {
  return telegram.toString("latin1", checksumAt(telegram), telegram.length - BRACKET);
}

type Parts = Omit<Telegram, "type" | "checksum">;

/** Reads `0020044966F02D18+26,0`. A reply may have no number behind its D. */
function readSystem(text: string): Parts {
  const [, serialNumber, code, datapoint, data] = /^(\d{10})F(\d\d)D(\d\d)?(.*)$/s.exec(text) ?? [];
  if (serialNumber === undefined || code === undefined) return dataIn(text);
  const functionName = FUNCTION_NAMES[code];
  return {
    serialNumber,
    function: code,
    ...(functionName !== undefined && { functionName }),
    ...(datapoint !== undefined && { datapoint }),
    ...dataIn(data ?? ""),
  };
}

/** Reads `14L00I02M`. */
function readEvent(text: string): Parts {
  const [, moduleType, link, input, action] = /^(\d{1,3})L(\d\d)I(\d\d)([MB])$/.exec(text) ?? [];
  if (moduleType === undefined || link === undefined || input === undefined) return dataIn(text);
  return { moduleType, link, input, action: action === "M" ? "make" : "break" };
}

function dataIn(data: string): Parts {
  return data === "" ? {} : { data };
}
