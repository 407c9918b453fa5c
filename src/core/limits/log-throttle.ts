const REPEAT_MS = 60_000;
/** Most kinds to remember: the one mentioned longest ago is forgotten. */
const MAX_KINDS = 1000;

/** Keeps the log short: mentions each kind of event at most once a minute, with the number of events left out. */
export class LogThrottle {
  readonly #mentioned = new Map<string, { readonly at: number; more: number }>();

  /**
   * Counts an event.
   *
   * @param kind events of different kinds are throttled apart
   * @param now milliseconds of a clock that never jumps
   * @returns the end of the log line, which may be empty; undefined when the caller must not log the event
   */
  mention(kind: string, now: number): string | undefined {
    const last = this.#mentioned.get(kind);
    if (last !== undefined && now - last.at < REPEAT_MS) {
      last.more += 1;
      return undefined;
    }
    this.#mentioned.delete(kind);
    this.#mentioned.set(kind, { at: now, more: 0 });
    const [oldest] = this.#mentioned.keys();
    if (this.#mentioned.size > MAX_KINDS && oldest !== undefined) this.#mentioned.delete(oldest);
    return last === undefined || last.more === 0 ? "" : `; ${last.more} more since the last such line`;
  }
}
