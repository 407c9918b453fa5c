/** That the other side of a tunnel is not there, in STAT JSON; nothing while it is. */
export interface AbsenceStatus {
  /** For how long, in milliseconds. */
  readonly absentMs?: number;
  /** Why, for people. */
  readonly reason?: string;
}

/** Remembers since when the other side of a tunnel is not there, and why. Times are milliseconds of a steady clock. */
export class Absence {
  #since: number | undefined;
  #reason: string | undefined;

  /** It is not there, for this reason; since now, or since before. */
  goesOn(now: number, reason?: string): void {
    this.#since ??= now;
    this.#reason = reason;
  }

  /** It is there. */
  end(): void {
    this.#since = undefined;
  }

  status(now: number): AbsenceStatus {
    if (this.#since === undefined) return {};
    const reason = this.#reason;
    return { absentMs: Math.round(now - this.#since), ...(reason !== undefined && { reason }) };
  }
}
