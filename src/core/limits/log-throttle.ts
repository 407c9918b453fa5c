const QUIET_MS = 60_000;
const MAX_KINDS = 1000;

/** Keeps a log short: what happens again and again is mentioned once a minute, with how often it was not. */
export class LogThrottle {
  readonly #mentioned = new Map<string, { readonly at: number; more: number }>();

  /**
   * Something has happened.
   *
   * @param kind what is told apart; the last thousand kinds are remembered
   * @param now milliseconds of a clock that never jumps
   * @returns what to put behind the text that mentions it; nothing: it is not to be mentioned this time
   */
  mention(kind: string, now: number): string | undefined {
    const last = this.#mentioned.get(kind);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.more += 1;
      return undefined;
    }
    this.#mentioned.delete(kind);
    this.#mentioned.set(kind, { at: now, more: 0 });
    const [oldest] = this.#mentioned.keys();
    if (this.#mentioned.size > MAX_KINDS && oldest !== undefined) this.#mentioned.delete(oldest);
    return last === undefined || last.more === 0 ? "" : `; ${last.more} times more in the minutes before`;
  }
}
