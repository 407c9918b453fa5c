/** What clocks and roundings make of one moment differs by some milliseconds; more when the process stands still meanwhile. */
const WOBBLE_MS = 1000;

/** Tells the moment of something that began "so long ago" as it has told it before, so that readers see a change only where there is one. */
export class SteadyMoments {
  #told: ReadonlyMap<string, number> = new Map();

  /**
   * Begins to tell moments anew: those that are not told again are forgotten.
   *
   * @param now in milliseconds since 1970
   * @returns the moment `ms` ago, in milliseconds since 1970; `what` tells one beginning from others
   */
  begin(now: number): (ms: number, what: string) => number {
    const former = this.#told;
    const told = new Map<string, number>();
    this.#told = told;
    return (ms, what) => {
      const moment = now - ms;
      const before = former.get(what) ?? moment;
      const steady = Math.abs(before - moment) < WOBBLE_MS ? before : moment;
      told.set(what, steady);
      return steady;
    };
  }
}
