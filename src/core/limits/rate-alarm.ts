const SECONDS = 60;

/** Counts the events of the last minute, to the second. Its memory and time do not depend on the number of events. */
export class SlidingMinute {
  /** Events of each of the last 60 seconds, at the second modulo 60. */
  readonly #counts = new Uint32Array(SECONDS);
  /** The last second that has been counted. */
  #second = -1;
  #total = 0;

  /**
   * Counts an event.
   *
   * @param now milliseconds, 0 or more, of a clock that never jumps
   * @returns the events of the last minute, this one included. Events older than 60 s never count; events younger than 59 s always do.
   */
  add(now: number): number {
    const second = Math.floor(now / 1000);
    for (let at = Math.max(this.#second + 1, second - SECONDS + 1); at <= second; at += 1) {
      this.#total -= this.#counts[at % SECONDS] ?? 0;
      this.#counts[at % SECONDS] = 0;
    }
    this.#second = Math.max(this.#second, second);
    const place = this.#second % SECONDS;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
    return this.#total;
  }
}

const REPEAT_MS = 60_000;

/** An alarm for events that happen too often. It is raised at most once a minute. */
export class RateAlarm {
  readonly #minute = new SlidingMinute();
  #raisedAt = Number.NEGATIVE_INFINITY;

  /**
   * Counts an event.
   *
   * @param limit so many events in a minute raise the alarm
   * @param now milliseconds, 0 or more, of a clock that never jumps
   * @returns the events of the last minute when this event raises the alarm, otherwise undefined
   */
  add(limit: number, now: number): number | undefined {
    const count = this.#minute.add(now);
    if (count < limit || now - this.#raisedAt < REPEAT_MS) return undefined;
    this.#raisedAt = now;
    return count;
  }
}
