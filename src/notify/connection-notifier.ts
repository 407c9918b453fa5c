import type { Settings } from "../core/config/settings.js";
import { isLoopback } from "../core/net/address.js";
import type { NotifyTarget } from "../core/notify/notification.js";
import type { RequestOutcome } from "../core/notify/notification-pacer.js";
import { UnreadTracker } from "../core/notify/unread-tracker.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import { NotificationScheduler, type NotificationSender } from "./notification-scheduler.js";
import type { UnreadReminder, WatchedPlugin } from "./unread-reminder.js";

const OWN_BYTES = 3000; // measured, with its notifier, its timer and what is told of it

/** What announcing needs of the daemon. */
export interface ConnectionNotifierContext {
  readonly clock: Clock;
  readonly notificationSender: NotificationSender;
  readonly unreadReminder: UnreadReminder;
  readonly settings: Settings;
}

/** What announcing tells the connection it is for. */
export interface ConnectionNotifierEvents {
  warn(text: string): void;
  trace(text: string): void;
  /** The end has been told, or given up. */
  done(): void;
  fault(error: unknown): void;
}

/**
 * All that one connection's plugin is told: data, unread data again (RNTF), the end; and what the log is told of it: a wrong
 * device, service or action once, one that hangs once.
 */
export class ConnectionNotifier {
  /** Who is told from now on. */
  events: ConnectionNotifierEvents;
  /** The way that its notifications go. */
  readonly sender: NotificationSender;
  /** About how much memory it takes. */
  readonly bytes: number;
  readonly #notifier: NotificationScheduler;
  readonly #unreadReminder: UnreadReminder;
  readonly #watched: WatchedPlugin | undefined;
  readonly #warned = new Set<RequestOutcome>();

  constructor(
    target: NotifyTarget,
    pid: string,
    options: ConnOptions,
    client: StreamEnd,
    context: ConnectionNotifierContext,
    events: ConnectionNotifierEvents,
  ) {
    const { clock, notificationSender, unreadReminder } = context;
    const { device, service, action } = target;
    this.events = events;
    this.sender = notificationSender;
    this.bytes = OWN_BYTES + service.length + action.length + pid.length;
    const notifier = new NotificationScheduler(target, pid, options.paceMs, notificationSender, clock, {
      sent: () => {
        if (this.#watched !== undefined) this.#watched.lastNotifiedAt = clock.now();
        this.events.trace("notification sent");
      },
      answered: ({ outcome, text }, actionAtFault) => {
        this.events.trace(`notification answered: ${text}`);
        if (!actionAtFault || this.#warned.has(outcome)) return;
        this.#warned.add(outcome);
        this.events.warn(`notification ${outcome}: device ${device}, service ${service}, action ${action}: ${text}`);
      },
      done: () => this.events.done(),
      fault: (error) => this.events.fault(error),
    });
    this.#notifier = notifier;
    this.#unreadReminder = unreadReminder;
    const everyMs = options.renotifyMs ?? context.settings.renotify;
    if (everyMs === 0 || !isOnThisMachine(client)) return;
    this.#watched = {
      local: client.peerKey,
      remote: client.ownKey,
      intervalMs: everyMs,
      unreadTracker: new UnreadTracker(),
      lastNotifiedAt: clock.now(),
      remind: () => notifier.remind(),
    };
    unreadReminder.add(this.#watched);
  }

  /** Whether the end has been told, or given up. */
  get done(): boolean {
    return this.#notifier.done;
  }

  /** What STAT tells of it. */
  get status(): NotifyStatus {
    return this.#notifier.status;
  }

  /** Leaves untold what is not told yet. */
  giveUp(): void {
    this.#notifier.giveUp();
  }

  /** Data waits in the client's socket. */
  dataWritten(): void {
    this.#notifier.dataWritten();
  }

  /** The connection will end at once: data not announced yet is left to the final notification. */
  connectionEnding(): void {
    this.#notifier.connectionEnding();
  }

  /** The connection has ended. */
  connectionEnded(): void {
    this.#notifier.connectionEnded();
  }

  /** The client's socket is gone: nothing is unread any more. */
  clientClosed(): void {
    if (this.#watched !== undefined) this.#unreadReminder.remove(this.#watched);
  }
}

/** Whether a client's own socket can be looked at: it is on the machine that we are on. */
function isOnThisMachine({ peerAddress, localAddress }: StreamEnd): boolean {
  return isLoopback(peerAddress) || peerAddress === localAddress;
}
