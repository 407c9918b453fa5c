const REPEAT_MS = 60_000;
const MAX_KINDS = 1000;

/**
 * Keeps the log short: mentions each kind of event at most once a minute, with the number of events left out, and no more than so many
 * kinds a minute: whoever makes the events may make kinds, such as addresses, too.
 */
export class LogThrottle {
  readonly #maxKinds: number;
  /** The one mentioned longest ago is the first. */
  readonly #mentioned = new Map<string, { readonly at: number; more: number }>();
  /** Events of kinds that were too many. */
  #others = 0;

  constructor(maxKinds = MAX_KINDS) {
    this.#maxKinds = maxKinds;
  }

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
    if (last === undefined && this.#mentioned.size >= this.#maxKinds && !this.#forget(now)) {
      this.#others += 1;
      return undefined;
    }
    this.#mentioned.delete(kind);
    this.#mentioned.set(kind, { at: now, more: 0 });
    const others = this.#others === 0 ? "" : `; ${this.#others} others left out`;
    this.#others = 0;
    return `${last === undefined || last.more === 0 ? "" : `; ${last.more} more since the last such line`}${others}`;
  }

  /** Forgets the kind mentioned longest ago. Returns false where that was within the last minute. */
  #forget(now: number): boolean {
    for (const [oldest, { at }] of this.#mentioned) return now - at >= REPEAT_MS && this.#mentioned.delete(oldest);
    return true;
  }
}
