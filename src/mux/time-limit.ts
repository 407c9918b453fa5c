import { Queue } from "../core/collections/queue.js";
import { SlicedLoop } from "../scheduling/sliced-loop.js";
import type { Clock, Timer } from "../system/clock.js";
import type { Asker } from "./pending-request.js";

/** What a time limit asks of whoever keeps it, and tells. */
export interface TimeLimitOwner {
  readonly clock: Clock;
  limitMs(): number;
  /** This one has waited long enough. */
  expired(asker: Asker): void;
  /** All that had waited long enough are told. */
  done(): void;
}

/** Those who wait for an answer, in the order they asked, and none of them for ever. */
export class TimeLimit {
  readonly #owner: TimeLimitOwner;
  readonly #askers = new Queue<Asker>();
  readonly #expiring: SlicedLoop;
  #timer: Timer | undefined;

  constructor(owner: TimeLimitOwner) {
    this.#owner = owner;
    this.#expiring = new SlicedLoop(() => this.#expireOne());
  }

  add(asker: Asker): void {
    this.#askers.push(asker);
    if (this.#timer === undefined) this.#wait(asker.since);
  }

  /** This one waits no more. */
  remove(asker: Asker): void {
    this.#askers.delete(asker);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Looks again when those who have waited since then have waited long enough. */
  #wait(since: number): void {
    const { clock, limitMs } = this.#owner;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(1, since + limitMs() - clock.now()), () => {
      this.#timer = undefined;
      this.#expiring.run();
    });
  }

  #expireOne(): boolean {
    const { clock, limitMs, expired, done } = this.#owner;
    const asker = this.#askers.first;
    if (asker === undefined || asker.since > clock.now() - limitMs()) {
      if (asker !== undefined) this.#wait(asker.since);
      done();
      return false;
    }
    this.#askers.take();
    expired(asker);
    return true;
  }
}
