import { type Decimal, formatDecimal, parseDecimal, plus, rounded, times, wholeDecimal } from "../../parse/decimal.js";
import { isPrintable } from "../../parse/text.js";
import { bitsOf, NUMBER_TYPES, type NumberType, type PublishRule, rangeOfRule } from "./publish-rule.js";

/** What an answer says of a value. */
export type Reading =
  /** `text`: as it is published; `value`: as JSON has it, where no digit is lost. */
  | { readonly kind: "value"; readonly text: string; readonly value: number | string | boolean }
  /** The device says that it has no such value now. */
  | { readonly kind: "invalid" };

const ZERO = wholeDecimal(0n);
const ONE = wholeDecimal(1n);
const MAX_POWER = 10; // sunssf: -10 to 10; 0x8000 is none (SunSpec Device Information Model Specification)
const INVALID: Reading = { kind: "invalid" };
const FLOAT32_DIGITS = 9; // so many significant digits tell every float32 from the others (IEEE 754-2019, 5.12.2)
const FEWEST_DIGITS = 6; // and so many survive the way into a float32 and back

/**
 * Decodes a value.
 *
 * @param bytes of the registers of {@link rangeOfRule} as the answer has them; of a coil, one byte that is 0 or 1
 */
export function readingOf(rule: PublishRule, bytes: Buffer): Reading {
  const { type } = rule;
  switch (type.kind) {
    case "number":
      return numberOf(rule, type.type, bytes);
    case "bool":
      return boolOf(bytes.some((byte) => byte !== 0));
    case "bit":
      return boolOf(((inOrder(rule, bytes).readUInt16BE() >> type.bit) & 1) === 1);
    case "string":
      return textOf(inOrder(rule, bytes));
  }
}

/** The bytes of a number, or of a text, the most significant one first. */
export function inOrder({ wordSwap, byteSwap }: Pick<PublishRule, "wordSwap" | "byteSwap">, bytes: Buffer): Buffer {
  if (!wordSwap && !byteSwap) return bytes;
  const turned = Buffer.from(bytes);
  if (wordSwap) turned.reverse(); // turns the bytes in each register, too
  return wordSwap === byteSwap ? turned : turned.swap16();
}

function boolOf(value: boolean): Reading {
  return { kind: "value", text: String(value), value };
}

function textOf(bytes: Buffer): Reading {
  const end = bytes.indexOf(0);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(end < 0 ? bytes : bytes.subarray(0, end)).trimEnd();
  } catch {
    return INVALID;
  }
  return isPrintable(text) ? { kind: "value", text, value: text } : INVALID;
}

function numberOf(rule: PublishRule, type: NumberType, all: Buffer): Reading {
  const at = 2 * (rule.address - rangeOfRule(rule).start);
  const bytes = inOrder(rule, all.subarray(at, at + 2 * NUMBER_TYPES[type]));
  if (rule.invalid.length > 0 && rule.invalid.includes(bitsOf(bytes))) return INVALID;
  const [raw, power] = [rawNumber(type, bytes), powerOf(rule, all)];
  if (raw === undefined || power === undefined) return INVALID;
  const { scale = ONE, offset = ZERO, decimals } = rule;
  const exact = plus(times(times(raw, power), scale), offset);
  const text = formatDecimal(decimals === undefined ? exact : rounded(exact, decimals), decimals);
  const value = Number(text);
  const kept = parseDecimal(String(value));
  const isExact = kept !== undefined && formatDecimal(kept, decimals) === text;
  return { kind: "value", text, value: isExact ? value : text };
}

/** What the power of ten in {@link PublishRule.scaleAt} comes to; undefined: the device has none. */
function powerOf({ address, scaleAt, byteSwap }: PublishRule, all: Buffer): Decimal | undefined {
  if (scaleAt === undefined) return ONE;
  const at = 2 * Math.max(0, scaleAt - address);
  const power = inOrder({ ...(byteSwap && { byteSwap }) }, all.subarray(at, at + 2)).readInt16BE();
  return Math.abs(power) > MAX_POWER ? undefined : parseDecimal(`1e${power}`);
}

/** The number that the device means; undefined: it is none. */
function rawNumber(type: NumberType, bytes: Buffer): Decimal | undefined {
  switch (type) {
    case "uint16":
    case "uint32":
    case "uint64":
      return wholeDecimal(bitsOf(bytes));
    case "int16":
    case "int32":
    case "int64":
      return wholeDecimal(BigInt.asIntN(8 * bytes.length, bitsOf(bytes)));
    case "float32":
      return parseDecimal(shortestFloat32(bytes.readFloatBE()));
    case "float64":
      return parseDecimal(String(bytes.readDoubleBE()));
  }
}

/** The shortest digits that mean this float32: 230.1, where the nearest float64 is 230.10000610351562. */
function shortestFloat32(value: number): string {
  for (let digits = FEWEST_DIGITS; digits < FLOAT32_DIGITS; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toPrecision(FLOAT32_DIGITS);
}
