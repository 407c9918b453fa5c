import type { Clock, Timer } from "../system/clock.js";

/** Tells when nothing has come for some time: connections that no client uses (IDLE), a message whose rest is missing. */
export class IdleTimer {
  readonly #idle: () => void;
  #timer: Timer | undefined;

  /** @param idle called when the time is over */
  constructor(idle: () => void) {
    this.#idle = idle;
  }

  /** The time begins, anew where it runs: the last client has left, say. */
  start(ms: number, clock: Clock): void {
    this.cancel();
    this.#timer = clock.after(ms, this.#idle);
  }

  /** There are clients again, say. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
