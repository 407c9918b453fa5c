import type { Clock, Timer } from "./clock.js";
import { PeerWatch } from "./core/lost-peer.js";
import { endpointKey } from "./core/proc-net-tcp.js";
import type { StreamEnd } from "./ends/stream-end.js";
import type { SocketTable } from "./socket-table.js";

const PROBES_MS = 10_000; // what the kernel's own keepalive takes from its first question to giving up
const MOST_BETWEEN_LOOKS_MS = 5000;

/** What had passed between us and a peer when it was last looked at. */
interface Passed {
  /** Bytes sent to it that it has been asked about; undefined: it has not been asked since it was heard of. */
  asked: number | undefined;
  readonly received: number;
}

interface Suspect {
  readonly end: StreamEnd;
  /** Bytes that the kernel has been given for it. */
  readonly sent: number;
}

/** Finds peers that swallow data without acknowledging it, and lets go of them as keepalive does of silent ones. */
export class LostPeers {
  readonly #clock: Clock;
  readonly #sockets: SocketTable;
  readonly #limitMs: number;
  readonly #everyMs: number;
  readonly #fault: (error: unknown) => void;
  /** Undefined: not looked at yet. */
  readonly #watched = new Map<StreamEnd, Passed | undefined>();
  /** Those that had not acknowledged all of them. */
  readonly #waiting = new Map<StreamEnd, PeerWatch>();
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

  /** Peers that have been sent something and not been heard of since the last look. */
  #suspects(): Map<string, Suspect> {
    const suspects = new Map<string, Suspect>();
    for (const [end, passed] of this.#watched) {
      const { bytesSent, bytesReceived } = end;
      if (passed === undefined || bytesReceived !== passed.received) {
        this.#watched.set(end, { asked: undefined, received: bytesReceived });
        continue;
      }
      if (bytesSent === passed.asked && !this.#waiting.has(end)) continue;
      passed.asked = bytesSent;
      const own = endpointKey(end.localAddress, end.localPort);
      suspects.set(`${own} ${endpointKey(end.peerAddress, end.peerPort)}`, { end, sent: bytesSent - end.unsent });
    }
    return suspects;
  }

  /** Asks the kernel about them: only then, because its table may be long. */
  async #look(): Promise<void> {
    const suspects = this.#suspects();
    if (suspects.size === 0) return;
    const rows = await this.#sockets.rows();
    const now = this.#clock.now();
    for (const row of rows) {
      const { end, sent } = suspects.get(`${row.local} ${row.remote}`) ?? {};
      if (end === undefined || sent === undefined || !this.#watched.has(end)) continue;
      const watch = this.#waiting.get(end) ?? new PeerWatch(this.#limitMs);
      const seen = watch.look(row, sent, end.bytesReceived, now);
      if (seen === "fine") this.#waiting.delete(end);
      else this.#waiting.set(end, watch);
      if (seen === "lost") end.destroy(timedOut(`no acknowledgement for ${this.#limitMs / 1000} s`));
    }
  }
}

/** The error the kernel gives when its own keepalive gets no answer. */
function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
