import type { Clock, Timer } from "../system/clock.js";
import { IGNORE_EVENTS } from "./end.js";
import type { StreamEnd } from "./stream-end.js";

/** A device that does not close within this time after our FIN is cut off: it may have no half-close, or hang. */
const LIMIT_MS = 1000;

/**
 * Closes a connection to a device so that everybody knows when the device has closed it, too: by FIN, and not before that of the device.
 * A device that takes one connection is free for the next one then.
 */
export class GentleClose {
  readonly #end: StreamEnd;
  readonly #clock: Clock;
  readonly #gone: () => void;
  #limit: Timer | undefined;

  /** @param gone called once the connection is gone, by whichever way */
  constructor(end: StreamEnd, clock: Clock, gone: () => void) {
    this.#end = end;
    this.#clock = clock;
    this.#gone = gone;
  }

  destroying(): boolean {
    if (this.#limit !== undefined) return true;
    this.#limit = this.#clock.after(LIMIT_MS, () => this.#end.reset());
    this.#end.events = IGNORE_EVENTS;
    this.#end.end();
    this.#end.resume();
    return true;
  }

  gone(): void {
    this.#limit?.cancel();
    this.#gone();
  }
}
