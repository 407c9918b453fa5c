import type { MuxOptions } from "../core/mux/mux-options.js";
import type { Clock, Timer } from "../system/clock.js";

/** Ends a link that is old (MAXA), or that no request has used for some time (LIDL). */
export class LinkLife {
  readonly #clock: Clock;
  readonly #linkIdleMs: number;
  readonly #over: (reason: string) => void;
  readonly #age: Timer | undefined;
  #idle: Timer | undefined;
  #usedAt: number;

  /** @param over called with the reason when the time of the link has come */
  constructor(clock: Clock, { maxAgeMs, linkIdleMs }: MuxOptions, over: (reason: string) => void) {
    this.#clock = clock;
    this.#linkIdleMs = linkIdleMs;
    this.#over = over;
    this.#usedAt = clock.now();
    if (maxAgeMs > 0) this.#age = clock.after(maxAgeMs, () => over("as old as MAXA allows"));
    if (linkIdleMs > 0) this.#watch(linkIdleMs);
  }

  /** A request of a client goes out. */
  used(): void {
    if (this.#linkIdleMs > 0) this.#usedAt = this.#clock.now();
  }

  cancel(): void {
    this.#age?.cancel();
    this.#idle?.cancel();
  }

  #watch(ms: number): void {
    this.#idle = this.#clock.after(ms, () => {
      const leftMs = this.#usedAt + this.#linkIdleMs - this.#clock.now();
      if (leftMs > 0) this.#watch(leftMs);
      else this.#over(`no request for ${this.#linkIdleMs / 1000} s`);
    });
  }
}
