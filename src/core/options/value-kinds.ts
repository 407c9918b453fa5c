import { formatDuration, parseTimeWithUnit } from "../parse/duration.js";
import { findYesOrNo, parseKeyword } from "../parse/keyword.js";
import { didYouMean } from "../parse/near-miss.js";
import { parseInteger, readNumber } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";

/**
 * Where an option stands. `wire`: a line that a client sends, with four-letter keys and bare numbers (docs/protocol.md). `file`: the
 * configuration and the command line, where long names and times with units are taken, too.
 */
export type Form = "wire" | "file";

/** A kind of value, with its parser, its printer, and its description for documents. */
export interface ValueKind<V> {
  /** The unit of a bare number, or the form of the value. */
  readonly unit: string;
  /** The values that are taken, in words. */
  readonly range: string;
  /** A number: on the wire an empty value means the default. */
  readonly isNumber?: true;
  /** The value may be a password: no message and no output repeats it. */
  readonly isSecret?: true;
  parse(text: string, form: Form): Result<V>;
  /** The value as the configuration has it: times with a unit. */
  print(value: V): string;
}

/** The unit of a bare number that is a time. */
export type TimeUnit = "ms" | "s";

const UNIT_WORDS = { ms: "milliseconds", s: "seconds" } as const;
const MS = { ms: 1, s: 1000 } as const;
const BARE_NUMBER = /^(\d+(\.\d*)?|\.\d+)$/;

/**
 * A time, in milliseconds once it is read.
 *
 * @param unit of a bare number: milliseconds, whole ones in a file, or seconds with fractions
 * @param maxMs where there is a limit
 */
export function time(unit: TimeUnit, minMs = 0, maxMs?: number): ValueKind<number> {
  const range =
    maxMs === undefined
      ? minMs > 0
        ? "more than 0"
        : "0 or more"
      : `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const inRange = (ms: number): Result<number> => {
    if (maxMs === undefined && ms > Number.MAX_SAFE_INTEGER) return fail("that is too long");
    return ms >= minMs && ms <= (maxMs ?? ms) ? ok(ms) : fail(`${range} is wanted`);
  };
  const bareOnWire = (text: string): Result<number> => {
    const number = readNumber(text);
    return Number.isNaN(number)
      ? fail(`${UNIT_WORDS[unit]}, ${range}, are wanted`)
      : inRange(wholeMs(number * MS[unit]));
  };
  return {
    unit,
    range,
    isNumber: true,
    parse(text, form) {
      if (form === "wire") return bareOnWire(text);
      const withUnit = parseTimeWithUnit(text.replace(/^([\d.]+)\s+(?=[a-z])/, "$1")); // 5 s is 5s
      if (withUnit !== undefined) return withUnit.ok ? inRange(wholeMs(withUnit.value)) : withUnit;
      if (!BARE_NUMBER.test(text) || (unit === "ms" && text.includes("."))) {
        return fail(
          `a time is wanted, such as 500ms, 5s, 2m or 1h; without a unit ${unit === "ms" ? "whole " : ""}${UNIT_WORDS[unit]} are wanted`,
        );
      }
      return inRange(wholeMs(Number(text) * MS[unit]));
    },
    print: formatDuration,
  };
}

/** Timers count whole milliseconds. A fraction is rounded up, so that a short time does not become 0, which often means never. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.ceil(ms - 1e-6)); // 1.001 * 1000 is 1000.9999999999999
}

/** A whole number. A fraction on the wire is rounded up. */
export function count(unit: string, min: number, max: number): ValueKind<number> {
  return {
    unit,
    range: `${min} to ${max}`,
    isNumber: true,
    parse(text, form) {
      const number = form === "wire" ? readNumber(text) : Number.NaN;
      return parseInteger(Number.isNaN(number) ? text : String(Math.ceil(number)), min, max);
    },
    print: String,
  };
}

/** One of a few words, in any case. */
export function word<const W extends string>(words: readonly W[]): ValueKind<W> {
  return {
    unit: "word",
    range: words.join(", "),
    parse(text, form) {
      const found = parseKeyword(text, words);
      return found.ok || form === "wire" ? found : fail(`${found.message}${didYouMean(text, words)}`);
    },
    print: (value) => value,
  };
}

/** Yes or no: `0` or `1` on the wire; `true` and `false`, `yes` and `no`, `on` and `off` in the configuration, too. */
export function yesOrNo(): ValueKind<boolean> {
  return {
    unit: "true or false",
    range: "true, false, 1, 0",
    parse(text, form) {
      const value = form === "file" || /^[01]$/.test(text) ? findYesOrNo(text) : undefined;
      if (value !== undefined) return ok(value);
      return fail(form === "wire" ? "0 or 1 is wanted" : "true or false is wanted");
    },
    print: String,
  };
}

/** The name of a file. */
export const FILE: ValueKind<string> = {
  unit: "file",
  range: "",
  parse: (text) => (text === "" ? fail("a file name is wanted") : ok(text)),
  print: (name) => name,
};
