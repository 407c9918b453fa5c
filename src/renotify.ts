import type { Clock, Timer } from "./clock.js";
import type { Leftovers } from "./core/leftovers.js";
import type { SocketTable } from "./socket-table.js";

/** A plugin's socket on this machine, to be looked after. */
export interface Watched {
  /** The plugin's end and ours, as {@link endpointKey} makes them. */
  readonly local: string;
  readonly remote: string;
  /** How long after a notification to look, in milliseconds. */
  readonly everyMs: number;
  readonly leftovers: Leftovers;
  /** When it was last notified, by the clock. */
  lastNotified: number;
  /** Bytes lie unread, or probably do, and have for the time. */
  remind(): void;
}

const RESOLUTION_MS = 100;

/** Finds out which plugins have left bytes unread in their sockets, and has them reminded (RNTF). */
export class Renotifier {
  readonly #clock: Clock;
  readonly #sockets: SocketTable;
  readonly #fault: (error: unknown) => void;
  readonly #watched = new Set<Watched>();
  #timer: Timer | undefined;
  #looking = false;

  constructor(clock: Clock, sockets: SocketTable, fault: (error: unknown) => void) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#fault = fault;
  }

  /** Begins to look after a socket. */
  add(watched: Watched): void {
    this.#watched.add(watched);
    this.#schedule();
  }

  /** Has done with a socket. */
  remove(watched: Watched): void {
    this.#watched.delete(watched);
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#watched.size === 0 || this.#looking) return;
    let next = Number.POSITIVE_INFINITY;
    for (const { lastNotified, everyMs } of this.#watched) next = Math.min(next, lastNotified + everyMs);
    const ms = Math.max(RESOLUTION_MS, Math.ceil(next - this.#clock.now()));
    this.#timer = this.#clock.after(ms, () => {
      this.#look().catch(this.#fault);
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      const due = new Map<string, Watched>();
      for (const watched of this.#watched) {
        if (this.#clock.now() >= watched.lastNotified + watched.everyMs) {
          due.set(`${watched.local} ${watched.remote}`, watched);
        }
      }
      if (due.size > 0) await this.#remind(due);
    } finally {
      this.#looking = false;
      this.#schedule();
    }
  }

  async #remind(due: ReadonlyMap<string, Watched>): Promise<void> {
    const rows = await this.#sockets.rows();
    for (const watched of due.values()) watched.lastNotified = this.#clock.now();
    for (const { local, remote, unread } of rows) {
      const watched = due.get(`${local} ${remote}`);
      if (watched === undefined || !this.#watched.has(watched)) continue;
      if (watched.leftovers.look(unread)) watched.remind();
    }
  }
}
