import type { SocketRow } from "../net/proc-net-tcp.js";

/** What a look at a peer's socket has shown. */
export type PeerHealth =
  /** Everything sent has been acknowledged. */
  | "fine"
  /** Something has not been, yet. */
  | "waiting"
  /** It has not answered for too long. */
  | "lost";

/**
 * Judges by looks at its socket, some seconds apart, whether a peer has vanished that does not acknowledge what it is sent.
 * The kernel's keepalive does not find that: while data is under way it only sends that again, for a quarter of an hour
 * (tcp(7), tcp_retries2).
 *
 * Times in milliseconds of any steady clock.
 */
export class DeadPeerDetector {
  readonly #limitMs: number;
  /** Since when nothing has come of it. */
  #since: number | undefined;
  /** How often the kernel had asked in vain by then. */
  #askedBefore = 0;
  #unanswered = 0;
  #received = 0;
  #acknowledged = 0;

  /** @param limitMs how long a peer may leave everything unanswered */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * @param sent bytes that the kernel has been given for the peer, before the look
   * @param received bytes that have come from the peer so far
   */
  observe(row: SocketRow, sent: number, received: number, now: number): PeerHealth {
    if (row.unacknowledged === 0) {
      this.#since = undefined;
      return "fine";
    }
    const acknowledged = sent - row.unacknowledged;
    const progress =
      row.unansweredProbes === 0 ||
      row.unansweredProbes < this.#unanswered ||
      acknowledged > this.#acknowledged ||
      received !== this.#received;
    this.#unanswered = row.unansweredProbes;
    this.#acknowledged = Math.max(acknowledged, this.#acknowledged);
    this.#received = received;
    if (progress || this.#since === undefined) {
      this.#since = row.unansweredProbes === 0 ? undefined : now;
      this.#askedBefore = row.unansweredProbes;
    }
    // a virtual machine that was suspended has asked nobody: time alone proves nothing
    const asked = row.unansweredProbes > this.#askedBefore;
    return this.#since !== undefined && asked && now - this.#since >= this.#limitMs ? "lost" : "waiting";
  }
}
