import type { Settings } from "../core/config/settings.js";
import { isLoopback } from "../core/net/address.js";
import type { NotifyTarget } from "../core/notify/notification.js";
import type { RequestOutcome } from "../core/notify/notification-pacer.js";
import { UnreadTracker } from "../core/notify/unread-tracker.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { ExchangeResult } from "./luup-exchange.js";
import { NotificationScheduler, type NotificationSender } from "./notification-scheduler.js";
import type { UnreadReminder, WatchedPlugin } from "./unread-reminder.js";

const BASE_BYTES = 3000; // measured: a notifier with its scheduler, its timer and its events

/** What a notifier needs of the daemon. */
export interface ConnectionNotifierContext {
  readonly clock: Clock;
  readonly notificationSender: NotificationSender;
  readonly unreadReminder: UnreadReminder;
  readonly settings: Pick<Settings, "renotify">;
}

/** What a notifier tells the connection it belongs to. */
export interface ConnectionNotifierEvents {
  /** A line for the log. */
  warn(text: string): void;
  debug(text: () => string): void;
  /** The final notification has been delivered, rejected, or given up. */
  done(): void;
  fault(error: unknown): void;
}

/**
 * Tells the plugin of one connection about data, about data that it has left unread (RNTF), and about the end of the connection. Tells the
 * log about wrong devices, services and actions, and about actions that hang: once for each kind.
 */
export class ConnectionNotifier {
  /** Told what happens; set anew when the connection is gone and only the final notification is left. */
  events: ConnectionNotifierEvents;
  /** Sends the notifications of this connection, also after a reload with another Luup engine. */
  readonly sender: NotificationSender;
  /** About how much memory the notifier takes. */
  readonly bytes: number;
  readonly #target: NotifyTarget;
  readonly #scheduler: NotificationScheduler;
  readonly #unreadReminder: UnreadReminder;
  /** The plugin's socket, while it is open and reminders are wanted. */
  #watched: WatchedPlugin | undefined;
  readonly #warned = new Set<RequestOutcome>();

  constructor(
    target: NotifyTarget,
    pid: string,
    options: ConnOptions,
    client: StreamEnd,
    context: ConnectionNotifierContext,
    events: ConnectionNotifierEvents,
  ) {
    const { clock, notificationSender, unreadReminder, settings } = context;
    this.events = events;
    this.sender = notificationSender;
    notificationSender.prepare();
    this.bytes = BASE_BYTES + target.service.length + target.action.length + pid.length;
    this.#target = target;
    this.#scheduler = new NotificationScheduler(target, pid, options.paceMs, notificationSender, clock, {
      sent: () => this.#sent(),
      answered: (result, isActionFault) => this.#answered(result, isActionFault),
      done: () => this.events.done(),
      fault: (error) => this.events.fault(error),
    });
    this.#unreadReminder = unreadReminder;
    const intervalMs = options.renotifyMs ?? settings.renotify;
    if (intervalMs > 0 && isOnThisMachine(client)) {
      this.#watched = {
        local: client.peerKey,
        remote: client.ownKey,
        intervalMs,
        unreadTracker: new UnreadTracker(),
        remind: () => this.#scheduler.remind(),
      };
    }
  }

  /** Whether the final notification has been delivered, rejected, or given up. */
  get done(): boolean {
    return this.#scheduler.done;
  }

  get status(): NotifyStatus {
    return this.#scheduler.status;
  }

  /** Data waits in the client's socket. */
  dataWritten(): void {
    this.#scheduler.dataWritten();
  }

  /** The connection ends at once: the final notification will cover data that is not announced yet. */
  connectionEnding(): void {
    this.#scheduler.connectionEnding();
  }

  /** The connection has ended: the final notification is due. */
  connectionEnded(): void {
    this.#scheduler.connectionEnded();
  }

  /** The client's socket is closed: nothing is unread any more. */
  clientClosed(): void {
    if (this.#watched !== undefined) this.#unreadReminder.remove(this.#watched);
    this.#watched = undefined;
  }

  /** Sends nothing more, whatever is still to be announced. */
  giveUp(): void {
    this.#scheduler.giveUp();
  }

  /** What is asked of the engine, without its password. */
  get #url(): string {
    return `GET ${this.sender.urlOf(this.#scheduler.path)}`;
  }

  #sent(): void {
    if (this.#watched !== undefined) this.#unreadReminder.notificationSent(this.#watched);
    this.events.debug(() => `notification sent: ${this.#url}`);
  }

  #answered({ outcome, text, wasSent }: ExchangeResult, isActionFault: boolean): void {
    if (this.#watched !== undefined) this.#unreadReminder.notificationAnswered(this.#watched);
    this.events.debug(() =>
      wasSent ? `notification answered: ${text}` : `notification not sent: ${this.#url}: ${text}`,
    );
    if (!isActionFault || this.#warned.has(outcome)) return;
    this.#warned.add(outcome);
    const { device, service, action } = this.#target;
    this.events.warn(`notification ${outcome}: device ${device}, service ${service}, action ${action}: ${text}`);
  }
}

/** Whether the client's own socket is in the kernel's table here. */
function isOnThisMachine({ peerAddress, localAddress }: StreamEnd): boolean {
  return isLoopback(peerAddress) || peerAddress === localAddress;
}
