import { kindOfStored, unitMeantBy } from "../../mqtt/unit-kinds.js";
import { time } from "../../options/value-kinds.js";
import { type Decimal, formatDecimal, parseDecimal } from "../../parse/decimal.js";
import { formatDuration } from "../../parse/duration.js";
import { parseInteger } from "../../parse/number.js";
import { fail, map, ok, type Result } from "../../parse/result.js";
import { isPrintable } from "../../parse/text.js";
import { ADDRESSES, isReadable, MAX_REGISTERS } from "../register-ranges.js";
import {
  bitsOf,
  NUMBER_TYPES,
  type NumberType,
  type PublishRule,
  rangeOfRule,
  sizeOf,
  type ValueType,
} from "./publish-rule.js";

/** What stands behind the type of a rule. */
export type Parts = Partial<Omit<PublishRule, "unit" | "table" | "address" | "type">>;

/** One of the words that may stand there, in any order. */
interface Part {
  readonly word: string;
  readonly sets: keyof Parts;
  /** The value that is wanted, for people. */
  readonly wanted: string;
  /** The word has no value. */
  readonly isFlag?: true;
  readonly repeats?: true;
  parse(text: string, type: ValueType, before: Parts): Result<Parts>;
  /** Its values, each for a word of its own; none: the word is not there. */
  print(rule: PublishRule): string[];
}

const MAX_DECIMALS = 9;
const MAX_FACTOR = 40; // characters
const MAX_NAME = 64;
const MAX_MEASURE = 16;
/** What Home Assistant takes in names of discovery topics, and every broker in a level. */
const NAME = /^[A-Za-z0-9_-]+$/;
const SECOND = 1000;
const DAY = 86_400_000;
const POLL = time("s", 0, DAY);
const PERIOD = time("s", SECOND, 7 * DAY);

function factor(word: "scale" | "offset"): Part {
  return {
    word,
    sets: word,
    wanted: "a number such as 0.1",
    parse(text) {
      const number = text.length <= MAX_FACTOR ? parseDecimal(text) : undefined;
      if (number === undefined) return fail("a number is wanted, such as 0.1 or -273.15");
      return word === "scale" && number.digits === 0n ? fail("everything would be 0") : ok({ [word]: number });
    },
    print: ({ [word]: number }) => printed(number, formatDecimal as (number: Decimal) => string),
  };
}

function period(word: string, sets: "pollMs" | "everyMs" | "staleMs", kind = PERIOD): Part {
  return {
    word,
    sets,
    wanted: "a time such as 10s",
    parse: (text) => map(kind.parse(text, "file"), (ms) => ({ [sets]: ms })),
    print: ({ [sets]: ms }) => printed(ms, formatDuration),
  };
}

function flag(word: string, sets: "wordSwap" | "byteSwap" | "stored"): Part {
  const print = ({ [sets]: isSet }: PublishRule): string[] => (isSet ? [""] : []);
  return { word, sets, wanted: "", isFlag: true, parse: () => ok({ [sets]: true }), print };
}

function printed<T>(value: T | undefined, print: (value: T) => string): string[] {
  return value === undefined ? [] : [print(value)];
}

/** All of them, in the order that rules are printed in. */
export const PARTS: readonly Part[] = [
  flag("word-swap", "wordSwap"),
  flag("byte-swap", "byteSwap"),
  factor("scale"),
  {
    word: "scale-at",
    sets: "scaleAt",
    wanted: "the register that holds the power of ten, such as 40084",
    parse(text) {
      const address = addressOf(text);
      return address < ADDRESSES ? ok({ scaleAt: address }) : fail(`an address from 0 to ${ADDRESSES - 1} is wanted`);
    },
    print: ({ scaleAt }) => printed(scaleAt, String),
  },
  factor("offset"),
  {
    word: "decimals",
    sets: "decimals",
    wanted: `0 to ${MAX_DECIMALS}`,
    parse: (text) => map(parseInteger(text, 0, MAX_DECIMALS), (decimals) => ({ decimals })),
    print: ({ decimals }) => printed(decimals, String),
  },
  {
    word: "invalid",
    sets: "invalid",
    wanted: "the number that means there is no value, such as 0x8000",
    repeats: true,
    parse: (text, type, { invalid = [] }) => map(parseMarker(text, type), (bits) => ({ invalid: [...invalid, bits] })),
    print: ({ invalid }) => invalid.map((bits) => `0x${bits.toString(16).toUpperCase()}`),
  },
  {
    word: "as",
    sets: "name",
    wanted: "a name such as power",
    parse(text) {
      if (text === "set") return fail("TOPIC/set is what others write to");
      return NAME.test(text) && text.length <= MAX_NAME
        ? ok({ name: text })
        : fail(`one level of a topic is wanted: ${MAX_NAME} letters, digits, - and _ at most`);
    },
    print: ({ name }) => [name],
  },
  {
    word: "unit",
    sets: "measure",
    wanted: "what it is measured in, such as kW",
    parse(text) {
      if (/^\d+$/.test(text))
        return fail("the unit of the device stands first; here stands what it measures in, such as kW");
      const meant = unitMeantBy(text);
      if (meant !== undefined) return fail(`did you mean ${meant}? Home Assistant knows no other way to write it`);
      return text.length <= MAX_MEASURE && isPrintable(text) ? ok({ measure: text }) : fail("such as kW is wanted");
    },
    print: ({ measure }) => printed(measure, (text) => text),
  },
  flag("stored", "stored"),
  period("poll", "pollMs", POLL),
  period("every", "everyMs"),
  period("stale", "staleMs"),
];

/** An address in decimal or hexadecimal digits; NaN: it is none. */
export function addressOf(text: string): number {
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN;
}

/** The part that a word, in any case, begins. */
export function partCalled(word: string): Part | undefined {
  const lower = word.toLowerCase();
  return PARTS.find((part) => part.word === lower);
}

/** The bits of a number that means: no value. Hexadecimal digits are the bits; other numbers are what the device's number says. */
function parseMarker(text: string, type: ValueType): Result<bigint> {
  if (type.kind !== "number") return fail("that goes with numbers only");
  const size = 2 * NUMBER_TYPES[type.type];
  if (/^0x[0-9a-f]+$/i.test(text)) {
    return text.length - 2 <= 2 * size ? ok(BigInt(text)) : fail(`${type.type} has ${2 * size} hexadecimal digits`);
  }
  const bits = bitsOfNumber(text, type.type, size);
  return bits === undefined ? fail(`a number of ${type.type} is wanted, or its bits, such as 0x8000`) : ok(bits);
}

function bitsOfNumber(text: string, type: NumberType, size: number): bigint | undefined {
  if (!/^-?\d{1,20}(\.\d{1,20})?$/.test(text)) return undefined;
  if (type === "float32" || type === "float64") {
    const bytes = Buffer.alloc(size);
    if (type === "float32") bytes.writeFloatBE(Number(text));
    else bytes.writeDoubleBE(Number(text));
    return bitsOf(bytes);
  }
  if (text.includes(".")) return undefined;
  const number = BigInt(text);
  const bits = BigInt.asUintN(8 * size, number);
  const isSigned = type.startsWith("int");
  return (isSigned ? BigInt.asIntN(8 * size, bits) : bits) === number ? bits : undefined;
}

function faultOfScaleAt(rule: PublishRule): string | undefined {
  const { address, type, scaleAt } = rule;
  if (scaleAt === undefined) return undefined;
  if (type.kind !== "number") return "scale-at goes with numbers only";
  if (scaleAt >= address && scaleAt < address + sizeOf(type)) return `scale-at ${scaleAt}: the number itself is there`;
  return isReadable(rangeOfRule(rule))
    ? undefined
    : `scale-at ${scaleAt}: no answer can hold both, ${MAX_REGISTERS} registers are the most`;
}

/** Why the parts of a rule do not go together. */
export function faultOfRule(rule: PublishRule): string | undefined {
  const { address, type, table, pollMs = 0, staleMs } = rule;
  const size = sizeOf(type);
  if (address + size > ADDRESSES) return `${table} ${address}: ${size} registers from there on are more than there are`;
  const fault = faultOfScaleAt(rule);
  if (fault !== undefined) return fault;
  if (rule.wordSwap && (type.kind !== "number" || size === 1))
    return "word-swap goes with numbers of several registers";
  if (rule.byteSwap && (table === "coil" || table === "discrete")) return `byte-swap: a ${table} has no bytes`;
  if (type.kind !== "number") {
    if (rule.scale !== undefined || rule.offset !== undefined || rule.decimals !== undefined)
      return "scale, offset and decimals go with numbers only";
    if (rule.measure !== undefined) return `unit ${rule.measure} goes with numbers only`;
  }
  if (rule.stored && kindOfStored(rule.measure ?? "") === undefined)
    return "stored goes with units of energy and volume: kWh in a battery, L in a tank";
  if (pollMs > 0 && pollMs < SECOND) return "poll: 1s is the least, and 0 is never";
  return staleMs !== undefined && staleMs <= pollMs ? "stale: that is no longer than poll" : undefined;
}
