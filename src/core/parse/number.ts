import { fail, ok, type Result } from "./result.js";

/** Reads a whole number in decimal, from `min` to `max`. */
export function parseInteger(text: string, min: number, max = Number.MAX_SAFE_INTEGER): Result<number> {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? ok(number) : fail(`an integer from ${min} to ${max} is wanted`);
}

/** Reads a time in seconds, fractions allowed, as milliseconds. */
export function parseSeconds(text: string): Result<number> {
  const ms = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) * 1000 : Number.NaN;
  return ms <= Number.MAX_SAFE_INTEGER ? ok(ms) : fail("seconds are wanted, 0 or more");
}
