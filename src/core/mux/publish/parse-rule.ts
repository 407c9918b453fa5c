import { didYouMean } from "../../parse/near-miss.js";
import { parseInteger } from "../../parse/number.js";
import { fail, map, ok, type Result } from "../../parse/result.js";
import { MAX_UNIT } from "../modbus-pdu.js";
import { ADDRESSES, MAX_REGISTERS } from "../register-ranges.js";
import { NUMBER_TYPES, type NumberType, type PublishRule, TABLES, type Table, type ValueType } from "./publish-rule.js";
import { addressOf, faultOfRule, PARTS, type Parts, partCalled } from "./rule-parts.js";

const EXAMPLE = "unit 1 holding 32080 int32 as power unit W";
const TABLE_NAMES = Object.keys(TABLES) as Table[];
const TYPE_NAMES = [...Object.keys(NUMBER_TYPES), "bool", "bit", "string"];
/** What others call our types and words. */
const TYPES_OTHERWISE: Readonly<Record<string, string>> = {
  ...{ u16: "uint16", s16: "int16", i16: "int16", short: "int16", int: "int16", uint: "uint16", word: "uint16" },
  ...{ u32: "uint32", s32: "int32", i32: "int32", long: "int32", dword: "uint32", real: "float32", f32: "float32" },
  ...{ u64: "uint64", s64: "int64", i64: "int64", double: "float64", f64: "float64", str: "string", text: "string" },
};
const WORDS_OTHERWISE: Readonly<Record<string, string>> = {
  ...{
    name: "as",
    factor: "scale",
    gain: "scale",
    multiply: "scale",
    divide: "scale",
    sf: "scale-at",
    round: "decimals",
  },
  ...{
    swap: "word-swap",
    "swap-words": "word-swap",
    "little-endian": "word-swap",
    cdab: "word-swap",
    badc: "byte-swap",
  },
  ...{ nan: "invalid", interval: "poll", "scan-interval": "poll", precision: "decimals", unit_of_measurement: "unit" },
};
const MAX_BIT = 15;
const FIRST_CLASSIC = 30_001; // so data sheets count: 30001 is input register 0, 40001 holding register 0

/** The words of a rule, taken one after the other. */
class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#words = text.split(/\s+/).filter((word) => word !== "");
  }

  /** The next word, in any case. */
  get next(): string | undefined {
    return this.#words[this.#at];
  }

  take(): string | undefined {
    this.#at += 1;
    return this.#words[this.#at - 1];
  }
}

/** Reads a rule: `unit 1 holding 32080 int32 scale 0.001 as power unit kW` (docs/mux.md). */
export function parsePublishRule(text: string): Result<PublishRule> {
  const words = new Words(text);
  if (words.take()?.toLowerCase() !== "unit") return fail(`the unit of the device comes first: ${EXAMPLE}`);
  const unit = parseInteger(words.take() ?? "", 0, MAX_UNIT);
  if (!unit.ok) return fail(`unit: ${unit.message} behind it, such as ${EXAMPLE}`);
  const table = parseTable(words.take() ?? "");
  if (!table.ok) return table;
  const address = parseAddress(table.value, words.take() ?? "");
  if (!address.ok) return address;
  const type = parseType(table.value, words);
  if (!type.ok) return type;
  const parts = parseParts(words, type.value);
  if (!parts.ok) return parts;
  const { name, ...others } = parts.value;
  if (name === undefined) return fail(`it needs a name: ${EXAMPLE}`);
  const place = { unit: unit.value, table: table.value, address: address.value, type: type.value };
  const rule: PublishRule = { ...place, name, ...others, invalid: others.invalid ?? [] };
  const fault = faultOfRule(rule);
  return fault === undefined ? ok(rule) : fail(fault);
}

function parseTable(word: string): Result<Table> {
  const table = TABLE_NAMES.find((name) => name === word.toLowerCase());
  const names = TABLE_NAMES.join(", ");
  return table === undefined
    ? fail(`"${word}": ${names} are known, and come behind the unit${didYouMean(word, TABLE_NAMES)}`)
    : ok(table);
}

function parseAddress(table: Table, word: string): Result<number> {
  const address = addressOf(word);
  if (address < ADDRESSES) return ok(address);
  const wanted = `${table} "${word}": an address from 0 to ${ADDRESSES - 1}, or 0x0 to 0xFFFF, is wanted`;
  return fail(`${wanted}; what a data sheet calls register 30053 or 40053 is address ${30_053 - FIRST_CLASSIC} here`);
}

function parseType(table: Table, words: Words): Result<ValueType> {
  const isBits = table === "coil" || table === "discrete";
  const word = words.next?.toLowerCase() ?? "";
  if (isBits && (word === "" || partCalled(word) !== undefined)) return ok({ kind: "bool" });
  words.take();
  const type = TYPE_NAMES.find((name) => name === word);
  if (type === undefined)
    return fail(`"${word}": a type is wanted: ${TYPE_NAMES.join(", ")}${meant(word, TYPES_OTHERWISE, TYPE_NAMES)}`);
  if (isBits && type !== "bool") return fail(`${type}: a ${table} is a bool`);
  if (type === "bool") return ok({ kind: "bool" });
  if (type === "bit") {
    const bit = parseInteger(words.take() ?? "", 0, MAX_BIT);
    return bit.ok ? ok({ kind: "bit", bit: bit.value }) : fail(`bit: ${bit.message} behind it; 0 is the lowest`);
  }
  if (type === "string") {
    const registers = parseInteger(words.take() ?? "", 1, MAX_REGISTERS);
    return map(
      registers.ok
        ? registers
        : fail(`string: the number of its registers, 1 to ${MAX_REGISTERS}, is wanted behind it`),
      (count) => ({ kind: "string", registers: count }),
    );
  }
  return ok({ kind: "number", type: type as NumberType });
}

function parseParts(words: Words, type: ValueType): Result<Parts> {
  let parts: Parts = {};
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const part = partCalled(word);
    if (part === undefined) return fail(unknownWord(word));
    if (parts[part.sets] !== undefined && part.repeats !== true) return fail(`${part.word} stands there twice`);
    const value = part.isFlag === true ? "" : words.take();
    if (value === undefined) return fail(`${part.word} needs a value behind it: ${part.wanted}`);
    const parsed = part.parse(value, type, parts);
    if (!parsed.ok) return fail(`${part.word}${value === "" ? "" : ` "${value}"`}: ${parsed.message}`);
    parts = { ...parts, ...parsed.value };
  }
  return ok(parts);
}

function unknownWord(word: string): string {
  const names = PARTS.map((part) => part.word);
  const [name = "", ...value] = word.split("=");
  if (value.length > 0 && partCalled(name) !== undefined)
    return `"${word}": ${name} ${value.join("=")} is wanted, with a blank`;
  return `"${word}": ${names.join(", ")} are known here${meant(word, WORDS_OTHERWISE, names)}`;
}

function meant(word: string, otherwise: Readonly<Record<string, string>>, names: readonly string[]): string {
  const lower = word.toLowerCase();
  return Object.hasOwn(otherwise, lower) ? `; did you mean ${otherwise[lower]}?` : didYouMean(word, names);
}

/** The rule as {@link parsePublishRule} reads it back. */
export function formatPublishRule(rule: PublishRule): string {
  const { unit, table, address, type } = rule;
  return [
    `unit ${unit} ${table} ${address}`,
    ...(table === "coil" || table === "discrete" ? [] : [typeText(type)]),
    ...PARTS.flatMap((part) => part.print(rule).map((value) => (value === "" ? part.word : `${part.word} ${value}`))),
  ].join(" ");
}

function typeText(type: ValueType): string {
  if (type.kind === "number") return type.type;
  if (type.kind === "bit") return `bit ${type.bit}`;
  return type.kind === "string" ? `string ${type.registers}` : "bool";
}
