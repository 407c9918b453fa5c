import type { SocketRow } from "../net/proc-net-tcp.js";

/** What the samples say of a peer. */
export type PeerHealth =
  /** The peer has acknowledged everything. */
  | "alive"
  /** Something is unacknowledged, but not for too long. */
  | "waiting"
  /** The peer has acknowledged nothing for too long. */
  | "dead";

/**
 * Detects a peer that vanished while data for it was in flight. The kernel's keepalive does not run then: the kernel retransmits for about
 * 15 minutes before it gives up (tcp(7), `tcp_retries2`).
 *
 * The caller samples the peer's row of the socket table every few seconds. Times are milliseconds of any steady clock.
 */
export class DeadPeerDetector {
  readonly #limitMs: number;
  /** Start of the time without progress; undefined while there is none. */
  #since: number | undefined;
  /** Unanswered probes at {@link #since}. */
  #probesBefore = 0;
  #unansweredProbes = 0;
  #received = 0;
  #acknowledged = 0;

  /** @param limitMs how long a peer may acknowledge nothing and send nothing */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * Takes the next sample.
   *
   * @param row the daemon's socket to the peer
   * @param sent bytes that the kernel had taken for the peer before the sample
   * @param received bytes that have come from the peer so far
   * @param now the time of the sample
   */
  observe(row: SocketRow, sent: number, received: number, now: number): PeerHealth {
    if (row.unacknowledged === 0) {
      this.#since = undefined;
      return "alive";
    }
    const acknowledged = sent - row.unacknowledged;
    const hasProgress =
      row.unansweredProbes === 0 ||
      row.unansweredProbes < this.#unansweredProbes ||
      acknowledged > this.#acknowledged ||
      received !== this.#received;
    this.#unansweredProbes = row.unansweredProbes;
    this.#acknowledged = Math.max(acknowledged, this.#acknowledged);
    this.#received = received;
    if (hasProgress || this.#since === undefined) {
      this.#since = row.unansweredProbes === 0 ? undefined : now;
      this.#probesBefore = row.unansweredProbes;
    }
    // Time alone proves nothing: a suspended virtual machine sends no probes.
    const hasProbed = row.unansweredProbes > this.#probesBefore;
    return this.#since !== undefined && hasProbed && now - this.#since >= this.#limitMs ? "dead" : "waiting";
  }
}
