/** What clocks and roundings make of one moment differs by some milliseconds; more when the process stands still meanwhile. */
const WOBBLE_MS = 1000;

export interface Moments {
  /** The moment `ms` ago, in milliseconds since 1970; `what` tells one beginning from others. */
  before(ms: number, what: string): number;
  /** All have been told: what was not is over. */
  forgetOthers(): void;
}

/** Tells the moment of something that began "so long ago" as it has told it before, so that readers see a change only where there is one. */
export class SteadyMoments {
  #told = new Map<string, number>();

  /**
   * Begins to tell moments anew. Others may be told meanwhile.
   *
   * @param now in milliseconds since 1970
   */
  begin(now: number): Moments {
    const told = new Map<string, number>();
    return {
      before: (ms, what) => {
        const moment = now - ms;
        const former = this.#told.get(what) ?? moment;
        const steady = Math.abs(former - moment) < WOBBLE_MS ? former : moment;
        told.set(what, steady);
        this.#told.set(what, steady);
        return steady;
      },
      forgetOthers: () => {
        this.#told = told;
      },
    };
  }
}
