import type { Clock, Timer } from "../system/clock.js";

/** Ends connections that no client has used for some time (IDLE). */
export class IdleTimer {
  readonly #idle: () => void;
  #timer: Timer | undefined;

  /** @param idle called when the time is over */
  constructor(idle: () => void) {
    this.#idle = idle;
  }

  /** The last client has left. */
  start(ms: number, clock: Clock): void {
    this.cancel();
    this.#timer = clock.after(ms, this.#idle);
  }

  /** There are clients again, or the mux closes. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
