/**
 * Makes connection identifiers (pids): milliseconds since the epoch in lower-case hex, made strictly increasing,
 * so each is unique in a run even when connections arrive within one millisecond.
 */
export class ConnectionIds {
  #last = 0;

  /** The next pid. `epochMs`: the wall clock now, in milliseconds; it may stand still or jump back. */
  next(epochMs: number): string {
    this.#last = Math.max(this.#last + 1, Math.floor(epochMs));
    return this.#last.toString(16);
  }
}
