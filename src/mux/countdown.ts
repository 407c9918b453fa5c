import type { Clock, Timer } from "../system/clock.js";

/** One wait at a time: the pause before the next request (GAPM), the rest of a message, a mux without clients (IDLE). */
export class Countdown {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timer: Timer | undefined;

  /** @param over called at the end of each wait */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins a wait, in place of the running one. 0 ms: no wait, and the running one goes on. */
  start(ms: number): void {
    if (ms === 0) return;
    this.cancel();
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#over();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
