import { parseSeconds } from "./number.js";
import { fail, type Result } from "./result.js";

const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 1e-6,
};

/**
 * Reads a time as Go programs take it on their command lines (`1s`, `500ms`, `1m30s`; Go, `time.ParseDuration`), or a bare
 * number, which is seconds.
 *
 * @returns milliseconds
 */
export function parseDuration(text: string): Result<number> {
  const bare = parseSeconds(text);
  if (bare.ok) return bare;
  if (!/^((\d+(\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns))+$/.test(text))
    return fail("a time is wanted, like 1s, 500ms or 1m30s");
  let ms = 0;
  for (const [, number = "", unit = ""] of text.matchAll(/(?<![\d.])([\d.]+)([a-zµ]+)/g))
    ms += Number(number) * (UNITS[unit] ?? 0);
  return ms <= Number.MAX_SAFE_INTEGER ? { ok: true, value: ms } : fail("that is too long");
}
