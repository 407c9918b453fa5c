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
  #at = Number.NEGATIVE_INFINITY;

  /** @param gap takes the pause in which the link is listened to */
  constructor(clock: Clock, link: Pick<HealthProbe, "idleMs">, gap: Pick<Countdown, "start">) {
    this.#clock = clock;
    this.#link = link;
    this.#gap = gap;
  }

  /** Whether such a request may go out. If not, a pause begins: ask again behind it. */
  isDone(): boolean {
    const now = this.#clock.now();
    if (Math.min(this.#link.idleMs, now - this.#at) < IDLE_MS) return true;
    this.#at = now;
    this.#gap.start(SOUNDING_MS);
    return false;
  }
}
