/** At the multiples of this the kernel is asked what clients have acknowledged: one look at its table answers for all of them. */
const LOOK_MS = 250;
const SOONEST_MS = 1;
const RAREST_MS = 2000;
/** Part of the time since a client was last known to keep up: so long it waits for the next look. */
const PART = 0.25;

/**
 * When the kernel is asked what a client has acknowledged. Where bytes wait for that, or soon would, a client that takes everything is looked at at
 * once, and one that takes nothing ever more rarely. All times in milliseconds by one clock.
 */
export class LookPace {
  #keptUpAt: number;

  constructor(now: number) {
    this.#keptUpAt = now;
  }

  /** The client has taken most of what it was given, as far as that is known. */
  keepsUp(now: number): void {
    this.#keptUpAt = now;
  }

  /** @param isDue whether bytes wait for the look, or soon would */
  waitMs(isDue: boolean, now: number): number {
    if (!isDue) return LOOK_MS - (now % LOOK_MS);
    return Math.min(Math.max(SOONEST_MS, Math.round((now - this.#keptUpAt) * PART)), RAREST_MS);
  }
}
