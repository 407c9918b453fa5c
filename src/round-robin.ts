import type { Clock } from "./clock.js";

const MAX_TURN_MS = 2; // of all of them together; Node accepts one client between two turns, and many may come at once

/** Work that many may have at once, a small piece of each in turn. After some milliseconds of it everybody else comes first. */
export class RoundRobin {
  readonly #clock: Clock;
  readonly #jobs = new Set<() => void>();
  #waiting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Has a job called when its turn comes.
   *
   * @param job does a piece of its work in a millisecond or so and never throws; for more it is added again
   */
  add(job: () => void): void {
    this.#jobs.add(job);
    this.#wait();
  }

  #wait(): void {
    if (this.#waiting || this.#jobs.size === 0) return;
    this.#waiting = true;
    setImmediate(() => {
      this.#waiting = false;
      this.#takeTurns();
      this.#wait();
    });
  }

  #takeTurns(): void {
    const until = this.#clock.now() + MAX_TURN_MS;
    for (const job of this.#jobs) {
      this.#jobs.delete(job);
      job();
      if (this.#clock.now() > until) return;
    }
  }
}
