const SECONDS = 60;

/** Counts what has happened in the last minute, to the second: in a memory and a time that do not depend on how much it is. */
export class SlidingMinute {
  /** What happened in each of the last seconds; a second's place is its number modulo their count. */
  readonly #counts = new Uint32Array(SECONDS);
  #second = -1;
  #total = 0;

  /**
   * Something has happened.
   *
   * @param now milliseconds, 0 or more, of a clock that never jumps
   * @returns how often it has in the last minute, this time included: what is more than 60 s ago never counts, what is less
   *   than 59 s ago always does
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

const QUIET_MS = 60_000;

/** Tells when something happens too often: at most once a minute. */
export class RateAlarm {
  readonly #minute = new SlidingMinute();
  #toldAt = Number.NEGATIVE_INFINITY;

  /**
   * Something has happened.
   *
   * @param limit how often in a minute is too often
   * @param now milliseconds of a clock that never jumps
   * @returns how often it has in the last minute, when that is to be told; else nothing
   */
  add(limit: number, now: number): number | undefined {
    const count = this.#minute.add(now);
    if (count < limit || now - this.#toldAt < QUIET_MS) return undefined;
    this.#toldAt = now;
    return count;
  }
}
