import type { Clock, Timer } from "../system/clock.js";

/** Notices when there has been no client for a time. */
export class IdleTimer {
  readonly #deserted: () => void;
  #timer: Timer | undefined;

  /** @param deserted called when the last client has been gone for its time */
  constructor(deserted: () => void) {
    this.#deserted = deserted;
  }

  /** A client is here. */
  come(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The last one has gone. */
  go(ms: number, clock: Clock): void {
    this.come();
    this.#timer = clock.after(ms, this.#deserted);
  }
}
