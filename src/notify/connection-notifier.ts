import type { Settings } from "../core/config/settings.js";
import type { GatewayEvent } from "../core/events/gateway-event.js";
import type { RequestOutcome } from "../core/notify/notification-pacer.js";
import { PendingEvents } from "../core/notify/pending-events.js";
import { UnreadTracker } from "../core/notify/unread-tracker.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import type { WayState } from "../core/upgrade/session-state.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import { ConnectionEvents } from "./connection-events.js";
import type { NotificationSender } from "./luup-way.js";
import { NotificationScheduler } from "./notification-scheduler.js";
import type { DeliveryResult, NotificationWay, ToldConnection, WayMaker } from "./notification-way.js";
import type { UnreadReminder, WatchedPlugin } from "./unread-reminder.js";

const BASE_BYTES = 3000; // measured: a notifier with its scheduler, its timer and its events

/** What a notifier needs of the daemon. */
export interface ConnectionNotifierContext {
  readonly clock: Clock;
  readonly notificationSender: NotificationSender;
  /** All kinds of ways that are configured. */
  readonly wayMakers: readonly WayMaker[];
  readonly unreadReminder: UnreadReminder;
  readonly settings: Pick<Settings, "renotify">;
}

/** What a notifier tells the connection it belongs to. */
export interface ConnectionNotifierOwner {
  /** A line for the log. */
  warn(text: string): void;
  debug(text: () => string): void;
  /** All final notifications have been delivered, rejected, or given up. */
  done(): void;
  fault(error: unknown): void;
}

const NONE: readonly NotificationWay[] = [];

/** The ways of telling that the options of a connection name. */
export function waysOf(
  options: ConnOptions,
  connection: ToldConnection,
  { wayMakers }: Pick<ConnectionNotifierContext, "wayMakers">,
): readonly NotificationWay[] {
  let ways: NotificationWay[] | undefined;
  for (const make of wayMakers) {
    const way = make(options, connection);
    if (way !== undefined) ways = [...(ways ?? []), way];
  }
  return ways ?? NONE;
}

/**
 * Tells what happens to one connection, on each of its ways: that it has begun, data, data that the plugin has left unread (RNTF), the end.
 * Tells the log about wrong devices, services and actions, and about actions that hang: once for each kind and way.
 */
export class ConnectionNotifier {
  /** Told what happens; set anew when the connection is gone and only the final notification is left. */
  owner: ConnectionNotifierOwner;
  /** Sends the notifications of this connection to the Luup engine, also after a reload with another one. */
  readonly sender: NotificationSender;
  /** About how much memory the notifier takes. */
  readonly bytes: number;
  #schedulers: readonly NotificationScheduler[];
  /** Makes the events for ways that tell everything; undefined: there is none, or the end has been told. */
  #told: ConnectionEvents | undefined;
  #hasEnded = false;
  readonly #unreadReminder: UnreadReminder;
  /** The plugin's socket, while it is open and reminders are wanted. */
  #watched: WatchedPlugin | undefined;
  /** What the log has been told already, by way and outcome. */
  #warned: Set<string> | undefined;

  /**
   * @param ways one at least
   * @param former what another process has told of the connection, which it has handed over
   */
  constructor(
    ways: readonly NotificationWay[],
    connection: ToldConnection,
    options: ConnOptions,
    client: StreamEnd,
    context: ConnectionNotifierContext,
    owner: ConnectionNotifierOwner,
    former?: readonly WayState[],
  ) {
    const { clock, notificationSender, unreadReminder, settings } = context;
    this.owner = owner;
    this.sender = notificationSender;
    this.bytes = ways.reduce((sum, { target }) => sum + BASE_BYTES + target.length, 0);
    if (ways.some(({ tellsAll }) => tellsAll)) this.#told = new ConnectionEvents(connection, clock);
    this.#schedulers = ways.map((way) => this.#schedulerOf(way, options.paceMs, clock));
    this.#unreadReminder = unreadReminder;
    const intervalMs = options.renotifyMs ?? settings.renotify;
    const luup = this.#schedulers.find(({ way }) => !way.tellsAll);
    if (luup !== undefined && intervalMs > 0 && client.isPeerHere) {
      this.#watched = {
        local: client.peerKey,
        remote: client.ownKey,
        intervalMs,
        unreadTracker: new UnreadTracker(),
        remind: () => luup.remind(),
      };
    }
    if (former !== undefined) this.#restore(former);
    else if (this.#told !== undefined) this.#happened(firstOf(this.#told, connection));
  }

  /** Whether the final notification has been delivered, rejected, or given up, on each way. */
  get done(): boolean {
    return this.#schedulers.every(({ done }) => done);
  }

  /** Of the Luup action, where there is one. */
  get status(): NotifyStatus | undefined {
    return this.#schedulers.find(({ way }) => !way.tellsAll)?.status;
  }

  /** Of the other ways. */
  get tellStatuses(): NotifyStatus[] {
    return this.#schedulers.filter(({ way }) => way.tellsAll && way.target !== "").map(({ status }) => status);
  }

  /** Tells on one way more from now on, unless there is one with its target already. @param connection as for the constructor */
  addWay(way: NotificationWay, connection: ToldConnection, options: ConnOptions, clock: Clock): void {
    if (this.#hasEnded || this.#schedulers.some((one) => one.way.target === way.target)) return;
    this.#told ??= new ConnectionEvents(connection, clock);
    this.#schedulers = [...this.#schedulers, this.#schedulerOf(way, options.paceMs, clock)];
  }

  /** Tells nothing more on the ways with this target. @returns whether there are others */
  removeWays(target: string): boolean {
    for (const scheduler of this.#schedulers) if (scheduler.way.target === target) scheduler.giveUp();
    this.#schedulers = this.#schedulers.filter(({ way }) => way.target !== target);
    return this.#schedulers.length > 0;
  }

  /** Begins no notification until {@link goOn}. */
  hold(): void {
    for (const scheduler of this.#schedulers) scheduler.hold();
  }

  goOn(): void {
    for (const scheduler of this.#schedulers) scheduler.goOn();
  }

  /** What another process needs to go on; undefined: not now. */
  get state(): WayState[] | undefined {
    const states = this.#schedulers.map(({ state }) => state).filter((state) => state !== undefined);
    return states.length === this.#schedulers.length ? states : undefined;
  }

  /** Data waits in the client's socket. */
  dataWritten(): void {
    for (const scheduler of this.#schedulers) if (scheduler.way.tellsData !== false) scheduler.dataWritten();
  }

  /** The client has gone, and may come back: a Luup action would find no socket. */
  clientLeft(): void {
    this.clientClosed();
    for (const scheduler of this.#schedulers) if (!scheduler.way.tellsAll) scheduler.connectionEnding();
  }

  /** The client has gone, and the connection waits for it. @param waitingBytes for it */
  parked(waitingBytes: number): void {
    if (this.#told !== undefined) this.#happened(this.#told.parked(waitingBytes));
  }

  /** The connection ends at once: the final notification will cover data that is not announced yet. */
  connectionEnding(): void {
    for (const scheduler of this.#schedulers) scheduler.connectionEnding();
  }

  /** The connection has ended: the final notification is due. @param reason for the ways that tell everything */
  connectionEnded(reason: string): void {
    const final = this.#told?.closed(reason);
    this.#told = undefined;
    this.#hasEnded = true;
    for (const scheduler of this.#schedulers) scheduler.connectionEnded(final);
  }

  /** The client's socket is closed: nothing is unread any more. */
  clientClosed(): void {
    if (this.#watched !== undefined) this.#unreadReminder.remove(this.#watched);
    this.#watched = undefined;
  }

  /** Sends nothing more, whatever is still to be announced. */
  giveUp(): void {
    for (const scheduler of this.#schedulers) scheduler.giveUp();
  }

  #happened(event: ReturnType<ConnectionEvents["connected"]>): void {
    for (const scheduler of this.#schedulers) scheduler.happened(event);
  }

  #schedulerOf(way: NotificationWay, paceMs: number, clock: Clock): NotificationScheduler {
    const events = way.tellsAll ? new PendingEvents(this.#told) : undefined;
    return new NotificationScheduler(way, events, Math.max(paceMs, way.leastPaceMs ?? 0), clock, {
      sent: () => this.#sent(way),
      answered: (result, isTargetFault) => this.#answered(way, result, isTargetFault),
      done: () => {
        if (this.done) this.owner.done();
      },
      fault: (error) => this.owner.fault(error),
    });
  }

  /** What has been announced may be unread. */
  #restore(former: readonly WayState[]): void {
    for (const scheduler of this.#schedulers) {
      const state = former.find(({ target }) => target === scheduler.way.target);
      if (state !== undefined) scheduler.restore(state);
    }
    if (this.#watched !== undefined) this.#unreadReminder.notificationAnswered(this.#watched);
  }

  #sent(way: NotificationWay): void {
    if (!way.tellsAll && this.#watched !== undefined) this.#unreadReminder.notificationSent(this.#watched);
    this.owner.debug(() => `notification sent: ${way.request}`);
  }

  #answered(way: NotificationWay, { outcome, text, wasSent }: DeliveryResult, isTargetFault: boolean): void {
    if (!way.tellsAll && this.#watched !== undefined) this.#unreadReminder.notificationAnswered(this.#watched);
    this.owner.debug(() =>
      wasSent ? `notification answered: ${text}` : `notification not sent: ${way.request}: ${text}`,
    );
    if (isTargetFault && this.#isNews(way, outcome))
      this.owner.warn(`notification ${outcome}: ${way.description}: ${text}`);
  }

  #isNews(way: NotificationWay, outcome: RequestOutcome): boolean {
    const what = `${way.tellsAll ? way.target : ""} ${outcome}`;
    this.#warned ??= new Set(); // hardly any connection has one
    if (this.#warned.has(what)) return false;
    this.#warned.add(what);
    return true;
  }
}

/** What is told first: the client has got its remote, or has got it again. */
function firstOf(told: ConnectionEvents, { waitingBytes }: ToldConnection): GatewayEvent {
  return waitingBytes === undefined ? told.connected() : told.resumed(waitingBytes);
}
