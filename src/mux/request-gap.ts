import type { Clock, Timer } from "../system/clock.js";

/** The pause that a device wants before the next request (GAPM). */
export class RequestGap {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timer: Timer | undefined;

  /** @param over called at the end of each pause */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Whether the device has its pause now. */
  get running(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins a pause, or extends the running one; 0 ms: no pause. */
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
