import type { Clock } from "../system/clock.js";
import type { Countdown } from "./countdown.js";
import type { HealthProbe } from "./health-probe.js";

const IDLE_MS = 200; // a device does not close sooner for want of requests
/** Milliseconds. */
export const SOUNDING_MS = 3; // in this time the end of a link arrives that the device has closed just now

/**
 * Listens for a moment before a request that cannot be repeated goes out on a link that was idle: the device may be closing it. The request
 * would be lost then, and nobody could say whether the device has carried it out.
 */
export class LinkSounding {
  readonly #clock: Clock;
  readonly #link: Pick<HealthProbe, "idleMs">;
  readonly #gap: Pick<Countdown, "start">;
  #heardAt = Number.NEGATIVE_INFINITY;

  /** @param gap takes the pause in which the link is listened to */
  constructor(clock: Clock, link: Pick<HealthProbe, "idleMs">, gap: Pick<Countdown, "start">) {
    this.#clock = clock;
    this.#link = link;
    this.#gap = gap;
  }

  /** A pause is over, however long it took: in it the end of the link would have arrived. */
  over(): void {
    this.#heardAt = this.#clock.now();
  }

  /** Whether such a request may go out. If not, a pause begins: ask again behind {@link over its end}. */
  isDone(): boolean {
    if (Math.min(this.#link.idleMs, this.#clock.now() - this.#heardAt) < IDLE_MS) return true;
    this.#gap.start(SOUNDING_MS);
    return false;
  }
}
