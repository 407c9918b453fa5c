import { DeadPeerDetector } from "../core/limits/dead-peer-detector.js";
import type { SocketRow } from "../core/net/proc-net-tcp.js";
import { nextPass } from "../scheduling/round-robin.js";
import type { Clock, Timer } from "../system/clock.js";
import { GATHER_MS, type SocketTable } from "../system/socket-table.js";
import type { StreamEnd } from "./stream-end.js";

const PROBES_MS = 10_000; // the kernel's keepalive takes as long from its first probe to giving up: ten probes, a second apart
const MAX_INTERVAL_MS = 5000;
const MOMENT_MS = 1000; // as long as the shortest keepalive
const PEERS_PER_PASS = 256; // peers checked in one pass of the event loop

/** What had been exchanged with a peer at the last check. */
interface Exchanged {
  /** Bytes sent to the peer when the kernel was last asked about it; undefined: not asked since the peer last sent something. */
  sent: number | undefined;
  readonly received: number;
}

/**
 * Closes connections to peers that have vanished while data was on its way to them, as soon as keepalive closes those of silent ones. The
 * kernel does not do so: while data is unacknowledged it sends no keepalive probes, and repeats the data for a quarter of an hour.
 *
 * A peer that stays has its keepalive turned on here: that takes four calls of the kernel, which a connection of a moment does without.
 */
export class DeadPeers {
  readonly #clock: Clock;
  readonly #sockets: SocketTable;
  readonly #limitMs: number;
  readonly #intervalMs: number;
  readonly #fault: (error: unknown) => void;
  /** All peers; undefined: not checked yet. */
  readonly #peers = new Map<StreamEnd, Exchanged | undefined>();
  /** One for each peer that has not acknowledged everything. */
  readonly #detectors = new Map<StreamEnd, DeadPeerDetector>();
  #timer: Timer | undefined;
  /** Peers that the kernel is not to probe yet. */
  readonly #fresh = new Set<StreamEnd>();
  #isGathering = false;

  /** @param keepaliveMs how long a peer may be silent before the kernel probes it */
  constructor(keepaliveMs: number, clock: Clock, sockets: SocketTable, fault: (error: unknown) => void) {
    this.#limitMs = keepaliveMs + PROBES_MS;
    this.#intervalMs = Math.min(MAX_INTERVAL_MS, keepaliveMs);
    this.#clock = clock;
    this.#sockets = sockets;
    this.#fault = fault;
  }

  /** Watches a peer from now on, until {@link remove}. What has no socket of its own, or has closed it, vanishes not. */
  add(end: StreamEnd | undefined): void {
    if (end === undefined || end.gone) return;
    this.#peers.set(end, undefined);
    this.#fresh.add(end);
    if (!this.#isGathering) this.#gather();
    this.#schedule();
  }

  remove(end: StreamEnd | undefined): void {
    if (end === undefined) return;
    this.#peers.delete(end);
    this.#detectors.delete(end);
    this.#fresh.delete(end);
  }

  /**
   * How often the kernel has repeated in vain what it sent to a peer last.
   *
   * @returns undefined where the peer has acknowledged everything, or where the system does not tell
   */
  async unanswered(end: StreamEnd): Promise<number | undefined> {
    const row = await this.#sockets.row(end.ownKey, end.peerKey);
    return row === undefined || row.unacknowledged === 0 ? undefined : row.unansweredProbes;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#peers.size === 0) return;
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      this.#checkAll()
        .catch(this.#fault)
        .finally(() => {
          this.#timer = undefined;
          this.#schedule();
        });
    });
  }

  #gather(): void {
    this.#isGathering = true;
    this.#clock.after(MOMENT_MS, () => {
      this.#isGathering = false;
      this.#keepAlive().catch(this.#fault);
    });
  }

  /** Has the kernel probe those who are still there. */
  async #keepAlive(): Promise<void> {
    for (const [index, end] of [...this.#fresh].entries()) {
      if (this.#fresh.delete(end)) end.probe();
      if (index % PEERS_PER_PASS === 0) await nextPass();
    }
  }

  /** Asks the kernel about suspects only, because its table may be long. */
  async #checkAll(): Promise<void> {
    const checks: Promise<void>[] = [];
    let count = 0;
    for (const [end, exchanged] of this.#peers) {
      if (this.#isSuspect(end, exchanged)) checks.push(this.#check(end));
      count += 1;
      if (count % PEERS_PER_PASS === 0) await nextPass();
    }
    await Promise.all(checks);
  }

  /** Whether a peer has been sent something, and has sent nothing since the last check. */
  #isSuspect(end: StreamEnd, exchanged: Exchanged | undefined): boolean {
    const { bytesSent, bytesReceived } = end;
    if (exchanged === undefined || bytesReceived !== exchanged.received) {
      this.#peers.set(end, { sent: undefined, received: bytesReceived });
      return false;
    }
    if (bytesSent === exchanged.sent && !this.#detectors.has(end)) return false;
    exchanged.sent = bytesSent;
    return true;
  }

  async #check(end: StreamEnd): Promise<void> {
    const sent = end.bytesSent - end.unsent; // what the kernel has taken
    const row = await this.#sockets.row(end.ownKey, end.peerKey, GATHER_MS);
    if (row !== undefined && this.#peers.has(end)) this.#judge(end, sent, row);
  }

  #judge(end: StreamEnd, sent: number, row: SocketRow): void {
    const detector = this.#detectors.get(end) ?? new DeadPeerDetector(this.#limitMs);
    const health = detector.observe(row, sent, end.bytesReceived, this.#clock.now());
    if (health === "alive") this.#detectors.delete(end);
    else this.#detectors.set(end, detector);
    if (health === "dead") end.destroy(timedOut(`no acknowledgement for ${this.#limitMs / 1000} s`));
  }
}

/** The error that the kernel gives when its own keepalive gets no answer. */
function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
