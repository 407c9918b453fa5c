import type { TimeZone } from "../core/config/settings.js";

const MS_PER_MINUTE = 60_000;

/** Reads a time with date and offset (ISO 8601), as {@link Times.iso} writes it. Returns milliseconds since 1970; NaN for another text. */
export function epochMsOf(text: string): number {
  return Date.parse(text);
}

/**
 * Writes times for people, all of a daemon in one time zone ([host] time). What is the same for all times of a second is made once: a line of
 * the log costs less than a microsecond so, and each change of daylight saving time is noticed.
 */
export class Times {
  #zone: TimeZone;
  /** The last second that was asked for, and its texts. */
  #second = Number.NaN;
  #date = "";
  #ofDay = "";
  #offset = "";

  constructor(zone: TimeZone = "local") {
    this.#zone = zone;
  }

  /** Writes times in this zone from now on. */
  configure(zone: TimeZone): void {
    this.#zone = zone;
    this.#second = Number.NaN;
  }

  /** A time with date and offset (ISO 8601, RFC 3339): `2026-11-29T12:00:00.000+01:00`, or with `Z` for UTC. @param epochMs since 1970 */
  iso(epochMs: number): string {
    const ms = this.#find(epochMs);
    return `${this.#date}T${this.#ofDay}.${ms}${this.#offset}`;
  }

  /** The time of day as the console of the monitor shows it (docs/monitor.md): `14:32:15,123`. @param epochMs since 1970 */
  ofDay(epochMs: number): string {
    const ms = this.#find(epochMs);
    return `${this.#ofDay},${ms}`;
  }

  /** Makes the texts of this second. Returns its milliseconds, three digits. */
  #find(epochMs: number): string {
    const second = Math.floor(epochMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#make(second * 1000);
    }
    const ms = Math.floor(epochMs) - second * 1000;
    return ms < 10 ? `00${ms}` : ms < 100 ? `0${ms}` : `${ms}`;
  }

  #make(epochMs: number): void {
    const date = new Date(epochMs);
    const minutes = this.#zone === "utc" ? 0 : -date.getTimezoneOffset(); // east of Greenwich
    const text = new Date(epochMs + minutes * MS_PER_MINUTE).toISOString();
    this.#date = text.slice(0, 10);
    this.#ofDay = text.slice(11, 19);
    this.#offset = this.#zone === "utc" ? "Z" : offset(minutes);
  }
}

/** `+01:00`, `-03:30` */
function offset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

const UTC = new Times("utc");

/** A time as the JSON of events has it, whatever the zone of the daemon: ISO 8601, UTC, with milliseconds. @param epochMs since 1970 */
export function utcTime(epochMs: number): string {
  return UTC.iso(epochMs);
}
