import type { UnreadTracker } from "../core/notify/unread-tracker.js";
import type { Clock, Timer } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";

/** The socket of a plugin on this machine, and how often to remind the plugin of unread bytes. */
export interface WatchedPlugin {
  /** The plugin's end of the connection and the daemon's end, as {@link endpointKey} makes them. */
  readonly local: string;
  readonly remote: string;
  /** Time from the answer to a notification to the look at the socket, in milliseconds. */
  readonly intervalMs: number;
  readonly unreadTracker: UnreadTracker;
  /** Bytes are unread, or probably are, since the last notification. */
  remind(): void;
}

/** Least time from a call to the look that it leads to: looks gather. */
const RESOLUTION_MS = 100;

/**
 * Finds plugins that have left bytes unread in their sockets, and has them reminded (RNTF, docs/plugins.md).
 *
 * Looks and notifications alternate. A look judges what a plugin has left of one notification, so it comes some time after the action
 * has run, which is when the engine has answered. While a notification is on its way there is no look: the plugin has not had its chance to
 * read yet, and a look would add a reminder that nobody needs.
 */
export class UnreadReminder {
  readonly #clock: Clock;
  readonly #sockets: SocketTable;
  readonly #fault: (error: unknown) => void;
  /** When to look at each plugin's socket, by the clock. */
  readonly #due = new Map<WatchedPlugin, number>();
  /** Plugins whose sockets are being looked at. */
  readonly #looking = new Set<WatchedPlugin>();
  #timer: Timer | undefined;
  /** When the timer fires, by the clock. */
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, sockets: SocketTable, fault: (error: unknown) => void) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#fault = fault;
  }

  /** A notification leaves for a plugin: the next look comes after its answer. */
  notificationSent(plugin: WatchedPlugin): void {
    this.#due.delete(plugin);
    this.#looking.delete(plugin);
  }

  /** The engine has answered, whatever it said: the plugin has had its chance to read. */
  notificationAnswered(plugin: WatchedPlugin): void {
    this.#schedule(plugin);
  }

  /** The plugin's socket is closed. */
  remove(plugin: WatchedPlugin): void {
    this.#due.delete(plugin);
    this.#looking.delete(plugin);
  }

  #schedule(plugin: WatchedPlugin): void {
    const at = this.#clock.now() + plugin.intervalMs;
    this.#due.set(plugin, at);
    this.#setTimer(at);
  }

  #setTimer(dueAt: number): void {
    const now = this.#clock.now();
    const at = Math.max(now + RESOLUTION_MS, dueAt);
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(Math.ceil(at - now), () => this.#lookAtDue());
  }

  #lookAtDue(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let nextAt = Number.POSITIVE_INFINITY;
    for (const [plugin, at] of this.#due) {
      if (at <= now) this.#look(plugin).catch(this.#fault);
      else nextAt = Math.min(nextAt, at);
    }
    if (nextAt < Number.POSITIVE_INFINITY) this.#setTimer(nextAt);
  }

  async #look(plugin: WatchedPlugin): Promise<void> {
    this.#due.delete(plugin);
    this.#looking.add(plugin);
    const row = await this.#sockets.row(plugin.local, plugin.remote);
    if (!this.#looking.delete(plugin)) return; // a notification has left meanwhile
    if (row !== undefined && plugin.unreadTracker.observe(row.unread)) plugin.remind();
    else this.#schedule(plugin);
  }
}
