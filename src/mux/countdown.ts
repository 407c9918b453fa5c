import type { Clock, Timer } from "../system/clock.js";

/** One wait at a time: the pause before the next request (GAPM), the rest of a message, a mux without clients (IDLE). */
export class Countdown {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timer: Timer | undefined;
  #dueAt = 0;

  /** @param over called at the end of each wait */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  /** Whether the wait is over and its end is still to come: the event loop reads sockets first, perhaps. */
  get isLate(): boolean {
    return this.running && this.#clock.now() >= this.#dueAt;
  }

  /** Begins a wait, in place of the running one. 0 ms: no wait, and the running one goes on. */
  start(ms: number): void {
    if (ms === 0) return;
    this.cancel();
    this.#dueAt = this.#clock.now() + ms;
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
