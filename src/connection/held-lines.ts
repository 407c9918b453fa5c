import type { Clock, Timer } from "../system/clock.js";

/** So long a connection whose peers say nothing keeps its lines out of the log. A health check or a port scan takes milliseconds. */
const HOLD_MS = 2000;

/** The lines of one connection that has been silent so far. */
export interface LineHolder {
  /** The connection has been there for a while. */
  due(): void;
}

/** Has silent connections write their lines once they have been there for a while. One timer does for all of them. */
export class HeldLines {
  readonly #clock: Clock;
  /** Who holds lines, and until when: the oldest first. */
  readonly #holders = new Map<LineHolder, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** {@link LineHolder.due} is called when the time is over. */
  add(holder: LineHolder): void {
    this.#holders.set(holder, this.#clock.now() + HOLD_MS);
    this.#timer ??= this.#clock.after(HOLD_MS, () => this.#releaseDue());
  }

  /** The lines are written, or never will be. */
  remove(holder: LineHolder): void {
    if (!this.#holders.delete(holder) || this.#holders.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #releaseDue(): void {
    const now = this.#clock.now();
    this.#timer = undefined;
    for (const [holder, due] of this.#holders) {
      if (due > now) {
        this.#timer = this.#clock.after(due - now, () => this.#releaseDue());
        return;
      }
      this.#holders.delete(holder);
      holder.due();
    }
  }
}
