import { fail, ok, type Result } from "./result.js";

/** Reads a whole number in decimal, from `min` to `max`. */
export function parseInteger(text: string, min: number, max = Number.MAX_SAFE_INTEGER): Result<number> {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? ok(number) : fail(`an integer from ${min} to ${max} is wanted`);
}

/**
 * Reads a number as Lua and other programs print it: `60000`, `60000.0`, `2.5e+3` (docs/protocol.md). No sign, no hexadecimal digits.
 *
 * @returns infinite for what is too large, and NaN for what is none
 */
export function readNumber(text: string): number {
  return /^(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** Reads a time in seconds, fractions allowed, as milliseconds. */
export function parseSeconds(text: string): Result<number> {
  const ms = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) * 1000 : Number.NaN;
  return ms <= Number.MAX_SAFE_INTEGER ? ok(ms) : fail("seconds are wanted, 0 or more");
}
