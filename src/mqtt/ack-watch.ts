import type { Clock, Timer } from "../system/clock.js";

/** What the watch sees of a session. */
export interface WatchedSession {
  /** Packets that have come so far. */
  readonly heard: number;
  /** Asks the broker for a sign of life. */
  ping(): void;
}

/** A broker that acknowledges nothing for so long is asked whether it is there. */
const ACK_LIMIT_MS = 15_000;
const PING_MS = 5000;

/**
 * Finds a broker that acknowledges nothing, although it is there: it knows no QoS 1. One that has acknowledged something knows it, and one
 * that answers no ping may only stand still.
 */
export class AckWatch {
  readonly #clock: Clock;
  readonly #session: WatchedSession;
  readonly #oldest: () => number | undefined;
  readonly #isMute: () => void;
  #timer: Timer | undefined;
  #isOver = false;

  /**
   * @param oldest when the oldest message went out that is not acknowledged, by the clock
   * @param isMute called once, when the broker is found to be so
   */
  constructor(clock: Clock, session: WatchedSession, oldest: () => number | undefined, isMute: () => void) {
    this.#clock = clock;
    this.#session = session;
    this.#oldest = oldest;
    this.#isMute = isMute;
  }

  /** A message with QoS 1 has gone out. */
  sent(): void {
    if (!this.#isOver) this.#timer ??= this.#clock.after(ACK_LIMIT_MS, () => this.#look());
  }

  /** A message has been acknowledged, or the session is over. */
  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #look(): void {
    this.#timer = undefined;
    const oldest = this.#oldest();
    if (oldest === undefined) return;
    if (this.#clock.now() - oldest < ACK_LIMIT_MS) {
      this.sent();
      return;
    }
    const { heard } = this.#session;
    this.#session.ping();
    this.#timer = this.#clock.after(PING_MS, () => {
      this.#timer = undefined;
      if (this.#session.heard === heard) {
        this.sent();
        return;
      }
      this.stop();
      this.#isMute();
    });
  }
}
