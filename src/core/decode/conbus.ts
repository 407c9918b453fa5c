import { printable } from "../parse/text.js";

/** Between the brackets: a letter at least, and the two letters of the checksum. */
const BRACKET = 1;
const CHECKSUM_LENGTH = 2;
const TELEGRAM_MIN = BRACKET + 1 + CHECKSUM_LENGTH + BRACKET;
const LETTER_A = 0x41;

/**
 * What is in a telegram. Numbers are kept as their digits. What is not as its type calls for is found in `data`, whole.
 */
export interface Telegram {
  /** By its first letter, S, R or E. */
  readonly type: "system" | "reply" | "event" | "unknown";
  /** Of the module a system telegram is for, or a reply is from; ten digits. */
  readonly serialNumber?: string;
  /** Two digits. */
  readonly function?: string;
  readonly functionName?: string;
  /** Two digits. */
  readonly datapoint?: string;
  /** Of events: what kind of module it comes from, and which of its inputs it is about. */
  readonly moduleType?: string;
  readonly link?: string;
  readonly input?: string;
  /** Of events: M and B, a button pressed and released. */
  readonly action?: "make" | "break";
  /** What else there is before the checksum. */
  readonly data?: string;
  /** As it stands in the telegram. */
  readonly checksum: string;
}

const TYPES: Readonly<Record<string, Telegram["type"]>> = { S: "system", R: "reply", E: "event" };

/** Those that the Conbus documents of conson-xp explain by an example: discovery, system and reply telegrams, blink, action. */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  "01": "discovery",
  "02": "read datapoint",
  "05": "blink",
  "06": "unblink",
  "18": "acknowledged",
  "27": "action",
};

/** The checksum over these bytes (all between `<` and itself): their XOR as two letters A to P, high nibble first. */
export function checksum(bytes: Buffer): string {
  let xor = 0;
  for (const byte of bytes) xor ^= byte;
  return String.fromCharCode(LETTER_A + (xor >> 4), LETTER_A + (xor & 0xf));
}

/** What is wrong with a telegram, brackets included; nothing when its checksum is right. */
export function checkTelegram(telegram: Buffer): string | undefined {
  if (telegram.length < TELEGRAM_MIN) return "too short for a checksum";
  const right = checksum(telegram.subarray(BRACKET, checksumAt(telegram)));
  const found = checksumOf(telegram);
  return found === right ? undefined : `checksum ${printable(found)}, ${right} is right`;
}

/** The parts of a telegram, brackets included, whether its checksum is right or not; nothing when it is too short to have one. */
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

/** `0020044966F02D18+26,0`; a reply may have no number behind its D. */
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

/** `14L00I02M` */
function readEvent(text: string): Parts {
  const [, moduleType, link, input, action] = /^(\d{1,3})L(\d\d)I(\d\d)([MB])$/.exec(text) ?? [];
  if (moduleType === undefined || link === undefined || input === undefined) return dataIn(text);
  return { moduleType, link, input, action: action === "M" ? "make" : "break" };
}

function dataIn(data: string): Parts {
  return data === "" ? {} : { data };
}
