import type { UnreadTracker } from "../core/notify/unread-tracker.js";
import type { Clock, Timer } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";

/** A plugin's socket on this machine, to be looked after. */
export interface WatchedPlugin {
  /** The plugin's end and ours, as {@link endpointKey} makes them. */
  readonly local: string;
  readonly remote: string;
  /** How long after a notification to look, in milliseconds. */
  readonly intervalMs: number;
  readonly unreadTracker: UnreadTracker;
  /** When it was last notified, by the clock. */
  lastNotifiedAt: number;
  /** Bytes lie unread, or probably do, and have for the time. */
  remind(): void;
}

const RESOLUTION_MS = 100;

/** Finds out which plugins have left bytes unread in their sockets, and has them reminded (RNTF). */
export class UnreadReminder {
  readonly #clock: Clock;
  readonly #sockets: SocketTable;
  readonly #fault: (error: unknown) => void;
  readonly #watched = new Set<WatchedPlugin>();
  #timer: Timer | undefined;
  /** When the timer fires, by the clock. */
  #next = Number.POSITIVE_INFINITY;
  #looking = false;

  constructor(clock: Clock, sockets: SocketTable, fault: (error: unknown) => void) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#fault = fault;
  }

  /** Begins to look after a socket. */
  add(watched: WatchedPlugin): void {
    this.#watched.add(watched);
    this.#schedule(watched);
  }

  /** Has done with a socket. */
  remove(watched: WatchedPlugin): void {
    this.#watched.delete(watched);
  }

  /** Sees to it that this one is looked at in its time. */
  #schedule({ lastNotifiedAt, intervalMs }: WatchedPlugin): void {
    const at = Math.max(this.#clock.now() + RESOLUTION_MS, lastNotifiedAt + intervalMs);
    if (this.#looking || at >= this.#next) return;
    this.#timer?.cancel();
    this.#next = at;
    this.#timer = this.#clock.after(Math.ceil(at - this.#clock.now()), () => {
      this.#next = Number.POSITIVE_INFINITY;
      this.#look().catch(this.#fault);
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      const now = this.#clock.now();
      const due = [...this.#watched].filter(({ lastNotifiedAt, intervalMs }) => now >= lastNotifiedAt + intervalMs);
      await Promise.all(due.map((watched) => this.#lookAt(watched)));
    } finally {
      this.#looking = false;
      for (const watched of this.#watched) this.#schedule(watched);
    }
  }

  async #lookAt(watched: WatchedPlugin): Promise<void> {
    const row = await this.#sockets.row(watched.local, watched.remote);
    watched.lastNotifiedAt = this.#clock.now();
    if (row !== undefined && this.#watched.has(watched) && watched.unreadTracker.observe(row.unread)) watched.remind();
  }
}
