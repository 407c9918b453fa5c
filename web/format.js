// Numbers, sizes, times and names for people.

/** Longest text that the page shows at one place; the rest of a message of a megabyte helps nobody. */
const MAX_TEXT = 2000;
/** Characters that turn or hide the text around them, control characters, halves of surrogate pairs: those that the daemon's log masks, too. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text from outside that is safe beside others: control characters and those that change the direction become visible, and it has an end.
 *
 * @param {unknown} value
 * @param {number} [limit] in characters
 */
export function plain(value, limit = MAX_TEXT) {
  const text = String(value ?? "");
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(INVISIBLE, "\u00B7");
}

/** A number with its thousands apart. @param {number} value */
export function count(value) {
  return value.toLocaleString("en");
}

/**
 * A rate or another measured number with three digits at most.
 *
 * @param {number} value
 */
export function decimal(value) {
  if (value >= 99.5) return count(Math.round(value));
  if (value >= 9.95) return value.toFixed(0);
  return value === 0 ? "0" : value.toFixed(value < 0.995 ? 2 : 1);
}

const SIZES = ["B", "kB", "MB", "GB", "TB"];

/** Bytes with the fitting unit, 1 kB being 1,000. @param {number} value */
export function bytes(value) {
  let [scaled, unit] = [value, 0];
  while (scaled >= 999.5 && unit < SIZES.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(scaled) : decimal(scaled)} ${SIZES[unit]}`;
}

/** Bytes in a second. @param {number} value */
export function byteRate(value) {
  return `${bytes(value)}/s`;
}

/** Requests in a second. @param {number} value */
export function rate(value) {
  return `${decimal(value)}/s`;
}

/** A measured time of a request. @param {number} ms */
export function milliseconds(ms) {
  if (ms >= 9950) return `${Math.round(ms / 1000)} s`;
  if (ms >= 995) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 || ms === 0 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** A share. @param {number} ratio from 0 to 1 */
export function percent(ratio) {
  return `${Math.round(ratio * 100)} %`;
}

/** A time span with two units at most. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/**
 * A moment as people say it: the time, before it the date unless that is today's.
 *
 * @param {string} iso in ISO 8601, in the time zone of the daemon
 * @param {string} today the same of now
 */
export function moment(iso, today) {
  const [date, time] = [iso.slice(0, 10), iso.slice(11, 16)];
  return date === today.slice(0, 10) ? time : `${date} ${time}`;
}

/**
 * The moment of a status, in the time zone of the daemon.
 *
 * @param {{ readonly startedAt: string, readonly uptimeMs: number }} status
 * @returns {string} in ISO 8601
 */
export function nowOf({ startedAt, uptimeMs }) {
  const [, sign = "+", hours = "00", minutes = "00"] = /([+-])(\d\d):(\d\d)$/.exec(startedAt) ?? [];
  const offsetMs = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = new Date(Date.parse(startedAt) + uptimeMs + offsetMs).toISOString();
  return `${local.slice(0, -1)}${sign}${hours}:${minutes}`;
}

/**
 * A number with its noun.
 *
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @param {{ readonly port: number, readonly name?: string | undefined }} line of the configuration */
export function labelOf({ port, name }) {
  return name === undefined ? `port ${port}` : plain(name, 80);
}
