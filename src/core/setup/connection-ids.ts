/**
 * Makes the identifiers of connections, `<pid>` in docs/protocol.md: milliseconds since the epoch in lower-case hexadecimal.
 * Identifiers strictly increase, so each is unique in a run even when connections arrive within one millisecond.
 */
export class ConnectionIds {
  #last: number;

  /** @param last identifiers up to this one belong to others */
  constructor(last = 0) {
    this.#last = last;
  }

  /** @param epochMs the wall clock in milliseconds; it may stand still or jump back */
  next(epochMs: number): string {
    this.#last = Math.max(this.#last + 1, Math.floor(epochMs));
    return this.#last.toString(16);
  }
}
