/** What is away for less than this is no news: a device that loses its link has it again within a second. */
const FIRST_MS = 2000;
const MAX_MS = 300_000;
/** For so long each alert delays the next one. */
const CALM_MS = 600_000;

/**
 * Decides how long something has to be away before that is worth an alert. Each alert of the last ten minutes doubles the time, so that
 * something that comes and goes makes few of them.
 *
 * Times are milliseconds of a clock that never jumps.
 */
export class FlapDelay {
  #alertedAt: number[] = [];

  /** So long it has to be away from now on. */
  delayMs(now: number): number {
    this.#alertedAt = this.#alertedAt.filter((at) => now - at < CALM_MS);
    return Math.min(FIRST_MS * 2 ** this.#alertedAt.length, MAX_MS);
  }

  /** There has been an alert. */
  alerted(now: number): void {
    this.#alertedAt.push(now);
  }
}
