const UNITS = ["", "k", "M", "G", "T", "P"];
const STEP = 1000;
const DAY_S = 86_400;
const HOUR_S = 3600;
const MINUTE_S = 60;

/** A number in four characters or fewer, with a decimal prefix: `999`, `1.2k`, `34M`. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return "";
  let rest = Math.max(0, value);
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= STEP;
    unit += 1;
  }
  const digits = unit > 0 && rest < 9.95 ? rest.toFixed(1) : rest.toFixed(0);
  return digits + UNITS[unit];
}

/** A time in its two largest units: `3d4h`, `5m02s`, `12s`; below a second `0s`. */
export function shortTime(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < MINUTE_S) return `${seconds}s`;
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)}m${two(seconds % MINUTE_S)}s`;
  if (seconds < DAY_S) return `${Math.floor(seconds / HOUR_S)}h${two(Math.floor((seconds % HOUR_S) / MINUTE_S))}m`;
  return `${Math.floor(seconds / DAY_S)}d${Math.floor((seconds % DAY_S) / HOUR_S)}h`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** A duration in milliseconds for a response time: `0.4ms`, `23ms`, `1.2s`. */
export function shortDelay(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  return ms < 999.5 ? `${ms.toFixed(0)}ms` : `${(ms / 1000).toFixed(1)}s`;
}
