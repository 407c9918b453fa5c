import { PATIENCE, slowestOf } from "../core/mux/slowest-answer.js";
import type { Clock, Timer } from "../system/clock.js";

/**
 * For so long a device may acknowledge nothing. What may be repeated is asked again on a new link, within its own time, so the watch is
 * short: Linux has sent the bytes three times by then (at once, as a tail loss probe, and after 0.4 s). What may not be repeated gets the
 * chance that the network comes back.
 */
const [SHORT_MS, LONG_MS] = [600, 4000];
const AGAIN_MS = 100;

/** What the watch asks of its link, and tells it. */
export interface AcknowledgementWatchOwner {
  readonly clock: Clock;
  /** How often the kernel has repeated in vain what it sent; undefined: the device has acknowledged everything. */
  unanswered(): Promise<number | undefined>;
  /** The device has acknowledged nothing for so long. */
  vanished(ms: number): void;
  /** Whether the device has a request, and takes its time: a power cut would say nothing. */
  slow(isSlow: boolean): void;
  fault(error: unknown): void;
}

/**
 * Finds out that a device has vanished while a request is on its way to it. The kernel says nothing for a quarter of an hour, and the daemon's
 * watch for dead peers waits as long as keepalive does. Both are longer than clients wait. A device that is only slow acknowledges at once.
 */
export class AcknowledgementWatch {
  readonly #owner: AcknowledgementWatchOwner;
  /** Since when the device has sent nothing though bytes went to it; undefined: nothing is to be found out. */
  #since: number | undefined;
  #limitMs = 0;
  /** How long the device has taken for its slowest answer on this link; undefined: it has not answered. */
  #slowestMs: number | undefined;
  #timer: Timer | undefined;
  #isSlow = false;
  #isOver = false;

  constructor(owner: AcknowledgementWatchOwner) {
    this.#owner = owner;
  }

  /** Bytes go to the device. @param mayRepeat whether they may go to it once more on another link */
  sent(mayRepeat: boolean, now: number): void {
    const limitMs = mayRepeat ? this.#shortMs : LONG_MS;
    if (this.#since === undefined) {
      this.#since = now;
      this.#limitMs = limitMs;
    } else {
      this.#limitMs = Math.max(limitMs, this.#limitMs);
    }
    if (this.#timer === undefined && !this.#isOver) this.#look(this.#limitMs);
  }

  /** The device has sent something. */
  heard(now: number): void {
    if (this.#isSlow) this.#setSlow(false);
    if (this.#since === undefined) return;
    this.#slowestMs = slowestOf(this.#slowestMs ?? 0, now - this.#since);
    this.#since = undefined;
  }

  /** The link is over. */
  cancel(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** Some devices acknowledge with their answer only: a slow one has more time. */
  get #shortMs(): number {
    return this.#slowestMs === undefined ? LONG_MS : Math.min(LONG_MS, Math.max(SHORT_MS, PATIENCE * this.#slowestMs));
  }

  #look(inMs: number): void {
    this.#timer = this.#owner.clock.after(Math.min(inMs, SHORT_MS), () => {
      this.#timer = undefined;
      if (this.#since === undefined) return;
      const leftMs = this.#since + this.#limitMs - this.#owner.clock.now();
      if (leftMs > 0) this.#look(leftMs);
      else this.#ask(this.#since).catch(this.#owner.fault);
    });
  }

  async #ask(since: number): Promise<void> {
    const unanswered = await this.#owner.unanswered();
    if (this.#isOver || this.#timer !== undefined || this.#since === undefined) return;
    // time alone proves nothing, the machine may have been suspended: the kernel must have tried in vain
    const isSame = since === this.#since;
    if (unanswered === undefined && isSame) {
      this.#since = undefined;
      this.#setSlow(true);
    } else if (unanswered === undefined || unanswered === 0 || !isSame) this.#look(AGAIN_MS);
    else this.#owner.vanished(this.#owner.clock.now() - since);
  }

  #setSlow(isSlow: boolean): void {
    this.#isSlow = isSlow;
    this.#owner.slow(isSlow);
  }
}
