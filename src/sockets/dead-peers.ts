import { DeadPeerDetector } from "../core/limits/dead-peer-detector.js";
import type { SocketRow } from "../core/net/proc-net-tcp.js";
import { nextPass } from "../scheduling/round-robin.js";
import type { Clock, Timer } from "../system/clock.js";
import { GATHER_MS, type SocketTable } from "../system/socket-table.js";
import type { StreamEnd } from "./stream-end.js";

const PROBES_MS = 10_000; // what the kernel's own keepalive takes from its first question to giving up
const MOST_BETWEEN_LOOKS_MS = 5000;
const AT_ONCE = 256; // peers looked at in one pass of the event loop

/** What had passed between us and a peer when it was last looked at. */
interface Passed {
  /** Bytes sent to it that it has been asked about; undefined: it has not been asked since it was heard of. */
  asked: number | undefined;
  readonly received: number;
}

/** Finds peers that swallow data without acknowledging it, and lets go of them as keepalive does of silent ones. */
export class DeadPeers {
  readonly #clock: Clock;
  readonly #sockets: SocketTable;
  readonly #limitMs: number;
  readonly #everyMs: number;
  readonly #fault: (error: unknown) => void;
  /** Undefined: not looked at yet. */
  readonly #watched = new Map<StreamEnd, Passed | undefined>();
  /** Those that had not acknowledged all of them. */
  readonly #waiting = new Map<StreamEnd, DeadPeerDetector>();
  #timer: Timer | undefined;

  /** @param keepaliveMs how long a peer may be silent before it is asked */
  constructor(keepaliveMs: number, clock: Clock, sockets: SocketTable, fault: (error: unknown) => void) {
    this.#limitMs = keepaliveMs + PROBES_MS;
    this.#everyMs = Math.min(MOST_BETWEEN_LOOKS_MS, keepaliveMs);
    this.#clock = clock;
    this.#sockets = sockets;
    this.#fault = fault;
  }

  /** Begins to watch a peer. */
  add(end: StreamEnd): void {
    this.#watched.set(end, undefined);
    this.#schedule();
  }

  /** Has done with a peer. */
  remove(end: StreamEnd): void {
    this.#watched.delete(end);
    this.#waiting.delete(end);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    this.#timer = this.#clock.after(this.#everyMs, () => {
      this.#look()
        .catch(this.#fault)
        .finally(() => {
          this.#timer = undefined;
          this.#schedule();
        });
    });
  }

  /** Asks the kernel about those who may be lost: only about them, because its table may be long. */
  async #look(): Promise<void> {
    const looks: Promise<void>[] = [];
    let count = 0;
    for (const [end, passed] of this.#watched) {
      if (this.#isSuspect(end, passed)) looks.push(this.#lookAt(end));
      count += 1;
      if (count % AT_ONCE === 0) await nextPass();
    }
    await Promise.all(looks);
  }

  /** Whether a peer has been sent something and not been heard of since the last look. */
  #isSuspect(end: StreamEnd, passed: Passed | undefined): boolean {
    const { bytesSent, bytesReceived } = end;
    if (passed === undefined || bytesReceived !== passed.received) {
      this.#watched.set(end, { asked: undefined, received: bytesReceived });
      return false;
    }
    if (bytesSent === passed.asked && !this.#waiting.has(end)) return false;
    passed.asked = bytesSent;
    return true;
  }

  async #lookAt(end: StreamEnd): Promise<void> {
    const sent = end.bytesSent - end.unsent; // the kernel has been given these
    const row = await this.#sockets.row(end.ownKey, end.peerKey, GATHER_MS);
    if (row !== undefined && this.#watched.has(end)) this.#judge(end, sent, row);
  }

  #judge(end: StreamEnd, sent: number, row: SocketRow): void {
    const watch = this.#waiting.get(end) ?? new DeadPeerDetector(this.#limitMs);
    const seen = watch.observe(row, sent, end.bytesReceived, this.#clock.now());
    if (seen === "alive") this.#waiting.delete(end);
    else this.#waiting.set(end, watch);
    if (seen === "dead") end.destroy(timedOut(`no acknowledgement for ${this.#limitMs / 1000} s`));
  }
}

/** The error the kernel gives when its own keepalive gets no answer. */
function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
