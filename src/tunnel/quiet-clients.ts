import type { Clock, Timer } from "../system/clock.js";
import type { Channel } from "./channel.js";

/** A peer without FIN learns by CLOSE that a client has ended: after so long without a byte of the answer. In milliseconds. */
const QUIET_MS = 1000;

/** Clients that have sent FIN to a peer that does not know it. Each is closed when the answer is over, as far as silence tells. */
export class QuietClients {
  readonly #clock: Pick<Clock, "after">;
  readonly #isBusy: (channel: Channel) => boolean;
  readonly #quiet: (channel: Channel) => void;
  readonly #timers = new Map<Channel, Timer>();

  /**
   * @param isBusy whether silence of this client says nothing now
   * @param quiet the client has been silent for {@link QUIET_MS}
   */
  constructor(clock: Pick<Clock, "after">, isBusy: (channel: Channel) => boolean, quiet: (channel: Channel) => void) {
    this.#clock = clock;
    this.#isBusy = isBusy;
    this.#quiet = quiet;
  }

  /** This client has sent FIN. */
  watch(channel: Channel): void {
    this.forget(channel);
    const timer = this.#clock.after(QUIET_MS, () => {
      this.#timers.delete(channel);
      if (this.#isBusy(channel)) this.watch(channel);
      else this.#quiet(channel);
    });
    this.#timers.set(channel, timer);
  }

  /** Bytes have come for a client. */
  moved(channel: Channel): void {
    if (this.#timers.has(channel)) this.watch(channel);
  }

  forget(channel: Channel): void {
    this.#timers.get(channel)?.cancel();
    this.#timers.delete(channel);
  }

  /** The link has closed. */
  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
