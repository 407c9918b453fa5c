import { fail, ok, type Result } from "./result.js";

const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 1e-6,
};

/** The units that times are printed in, the longest first. */
const PRINTED = ["h", "m", "s"] as const;

/**
 * Reads a time that has units, as Go programs take it on their command lines (Go, `time.ParseDuration`): `500ms`, `5s`, `2m`, `1h`, `1m30s`.
 *
 * @returns milliseconds; undefined when the text is no such time
 */
export function parseTimeWithUnit(text: string): Result<number> | undefined {
  if (!/^((\d+(\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number = "", unit = ""] of text.matchAll(/(?<![\d.])([\d.]+)([a-zµ]+)/g))
    ms += Number(number) * (UNITS[unit] ?? 0);
  return ms <= Number.MAX_SAFE_INTEGER ? ok(ms) : fail("that is too long");
}

/** A time as the log shows it: seconds with one decimal, such as `85.4 s`. */
export function formatSeconds(ms: number): string {
  const tenths = Math.round(ms / 100);
  return `${Math.trunc(tenths / 10)}.${tenths % 10} s`; // by integers: `toFixed` takes a microsecond
}

/**
 * A time as people write it: `500ms`, `5s`, `2m`, `1h`, in the longest unit that divides it; `0` without a unit.
 *
 * @param ms whole milliseconds
 */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  const unit = PRINTED.find((name) => ms % (UNITS[name] ?? 1) === 0);
  return unit === undefined ? `${ms}ms` : `${ms / (UNITS[unit] ?? 1)}${unit}`;
}
