import { backoffMs } from "../core/limits/backoff.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { Outage } from "../core/mux/mux-status.js";
import { type AttemptFailure, type DialTimes, Reachability } from "../core/mux/reachability.js";
import type { LineId } from "../core/net/client-origin.js";
import type { Timer } from "../system/clock.js";
import { DeviceConnection } from "./device-connection.js";
import type { DeviceConnectionEvents } from "./device-connection-events.js";
import { LinkLog } from "./link-log.js";
import type { MuxContext } from "./mux-context.js";
import type { MuxLog } from "./mux-log.js";

const MAX_EXTRA_WAIT_MS = 10_000; // a device that takes one connection is seldom asked for a second one
const PROBATION_MS = 50; // it accepts and closes a second one in this time: a write must not meet that
const WARY_LINKS = 20; // so many links are on probation when one that followed another at once was closed without an answer
const FIRST_LINKS = 3; // and so many of a device that is new

/** What a pool asks of its mux, and tells it. */
export interface ConnectionPoolOwner {
  readonly log: MuxLog;
  /** The line of the mux. */
  line(): LineId;
  route(): MuxRoute;
  context(): MuxContext;
  /** Whether the mux has clients. */
  isNeeded(): boolean;
  /** Whether somebody wanted something of this connection: a request went out on it, or waits for one. */
  isAsked(connection: DeviceConnection): boolean;
  /** A connection is being opened. Returns the listener for its events. */
  opened(connection: DeviceConnection): DeviceConnectionEvents;
  /**
   * An attempt to connect has failed, and there is no other connection.
   *
   * @param hopelessSince what has waited for a connection since this time or longer has waited in vain; undefined: nothing has
   */
  notReachable(reason: string, hopelessSince: number | undefined): void;
  /** The pool has room again: {@link ConnectionPool.open} may open a connection. */
  room(): void;
}

/**
 * The connections of a mux to its device: opened one at a time when somebody asks. A connection keeps its place until the device has seen its
 * end, because many devices take one connection only.
 */
export class ConnectionPool {
  readonly #owner: ConnectionPoolOwner;
  readonly #log: LinkLog;
  readonly #connections = new Set<DeviceConnection>();
  /** Connections that we have ended, and the device not yet: they keep their place for a moment. */
  readonly #leaving = new Set<DeviceConnection>();
  /** Connections without a place whose end the device may not have seen: a RST ends them as soon as the device can be reached. */
  readonly #lingering = new Set<DeviceConnection>();
  /** Connections on which the device has sent a sensible message. */
  readonly #responsive = new WeakSet<DeviceConnection>();
  /** Connections that the device has ended without an answer right behind the one before, which it may have held still. */
  readonly #turnedAway = new WeakSet<DeviceConnection>();
  readonly #reach = new Reachability();
  #opening: DeviceConnection | undefined;
  /** Attempts to connect so far. */
  #count = 0;
  #retry: Timer | undefined;
  /** So many links that follow another at once are on probation: a device may turn away the next one while it ends the last. */
  #wary = FIRST_LINKS;
  /** Failed attempts to open a connection beside others, and when the next one is due. */
  #extra = { failures: 0, dueAt: Number.NEGATIVE_INFINITY, hasAnswered: false };

  constructor(owner: ConnectionPoolOwner) {
    this.#owner = owner;
    this.#log = new LinkLog(owner.log, () => owner.context().clock.now());
  }

  /** The connections that are being opened or are established. */
  get connections(): ReadonlySet<DeviceConnection> {
    return this.#connections;
  }

  /** The outage of a device that cannot be reached: attempts fail, or it closes connections without an answer. */
  get outage(): Outage | undefined {
    return this.#log.outage;
  }

  /** Whether requests fail at once: there is no connection, and the last attempt has failed a moment ago. */
  get refuses(): boolean {
    return this.#connections.size === 0 && this.#reach.refuses(this.#now);
  }

  /** Whether the device has ended this connection because it still had the one before: what was lost with it proves nothing. */
  wasTurnedAway(connection: DeviceConnection): boolean {
    return this.#turnedAway.has(connection);
  }

  /** Somebody asks for a connection: opens one, unless there are POOL of them or one is being opened, as soon as that is due. */
  open(): void {
    this.#reach.asked();
    this.#openIfDue();
  }

  /** The device has sent a sensible message. When this connection is lost, the next attempt need not wait. */
  markResponsive(connection: DeviceConnection): void {
    if (this.#responsive.has(connection)) return;
    this.#responsive.add(connection);
    this.#reach.answered();
    this.#extra.failures = 0;
    this.#extra.hasAnswered ||= this.#connections.size > 1;
    this.#log.answered();
  }

  /** The device has ended the connection, or must not use it any more. That is a failed attempt if it was asked something and said nothing. */
  fail(connection: DeviceConnection, reason: string): void {
    if (!this.#connections.has(connection)) return;
    connection.close();
    this.#endedByDevice(connection, reason);
  }

  /** Ends a connection that is of no use any more. */
  replace(connection: DeviceConnection, reason: string): void {
    if (!this.#connections.has(connection)) return;
    this.#ended(connection, reason, this.#responsive.has(connection));
    this.#leave(connection);
  }

  /** Ends a connection whose time has come. The next one may be opened as soon as the device has seen that. */
  retire(connection: DeviceConnection, reason: string): void {
    if (!this.#connections.has(connection)) return;
    this.#ended(connection, reason, true);
    this.#leave(connection);
  }

  /** Ends all connections in good order. {@link open} opens new ones, as soon as the device has seen that. */
  endAll(reason: string): void {
    if (this.#connections.size > 0) this.#owner.log.info(`links closed: ${reason}`);
    for (const connection of this.#connections) {
      this.#reach.ended(connection.openedAt, this.#responsive.has(connection), this.#now, this.#times);
      this.#remove(connection);
      this.#leave(connection);
    }
  }

  /** Cuts all connections, {@link endAll ended} ones included, and opens no more. */
  close(): void {
    this.#cancelRetry();
    for (const connections of [this.#connections, this.#leaving, this.#lingering]) {
      for (const connection of connections) connection.close();
      connections.clear();
    }
  }

  get #now(): number {
    return this.#owner.context().clock.now();
  }

  get #times(): DialTimes {
    const { options, mux } = this.#owner.route();
    return { connectMs: options.connectTimeoutMs, retryMs: mux.retryMs };
  }

  // opening

  #openIfDue(): void {
    const isFull = this.#connections.size + this.#leaving.size >= this.#owner.route().mux.pool;
    if (isFull || this.#opening !== undefined) return;
    const isOnly = this.#connections.size === 0;
    const waitMs = (isOnly ? this.#reach.dueAt : this.#extra.dueAt) - this.#now;
    if (waitMs <= 0) this.#attempt();
    else if (isOnly) this.#openIn(waitMs);
  }

  #openIn(ms: number): void {
    this.#cancelRetry();
    this.#retry = this.#owner.context().clock.after(ms, () => {
      this.#retry = undefined;
      if (this.#connections.size === 0 && this.#owner.isNeeded()) this.#openIfDue();
    });
  }

  #cancelRetry(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  #attempt(): void {
    this.#cancelRetry();
    this.#count += 1;
    const name = { line: this.#owner.line(), number: this.#count };
    const attemptMs = this.#reach.attemptMs(this.#times);
    const connection = new DeviceConnection(name, this.#owner.route(), attemptMs, this.#owner.context(), {
      connected: () => this.#connected(connection),
      ready: () => this.#settled(connection, events),
      data: (chunk) => events.data(chunk),
      eof: () => events.eof(),
      drained: () => events.drained(),
      vanished: (reason) => {
        this.replace(connection, reason);
        this.#linger(connection);
        events.lost(reason);
      },
      lost: (reason) => {
        if (connection.address === "") this.#failed(connection, attemptMs, reason);
        else {
          this.#endedByDevice(connection, reason);
          events.lost(reason);
        }
      },
      fault: (error) => events.fault(error),
    });
    this.#connections.add(connection);
    this.#opening = connection;
    const events = this.#owner.opened(connection);
  }

  #connected(connection: DeviceConnection): void {
    this.#reach.connected(connection.openedAt, this.#now);
    for (const former of this.#lingering) former.cut(); // before the first request: the device may take one connection only
    this.#lingering.clear();
  }

  #settled(connection: DeviceConnection, events: DeviceConnectionEvents): void {
    const isFurther = this.#connections.size > 1 && !this.#extra.hasAnswered;
    const isWary = this.#wary > 0 && this.#reach.mayBeBusy(this.#now);
    if (!isFurther && !isWary) {
      this.#ready(connection, events);
      return;
    }
    const over = (): void => {
      if (isWary && this.#connections.has(connection)) this.#wary -= 1;
      this.#ready(connection, events);
    };
    // timers come before sockets are read: the end of the link may have come meanwhile
    this.#owner.context().clock.after(PROBATION_MS, () => setImmediate(over));
  }

  #ready(connection: DeviceConnection, events: DeviceConnectionEvents): void {
    if (!this.#connections.has(connection)) return;
    this.#opening = undefined;
    this.#log.ready(connection, !this.#reach.fails);
    events.ready();
  }

  #failed(connection: DeviceConnection, attemptMs: number, reason: string): void {
    this.#remove(connection);
    const isTimeout = this.#now - connection.openedAt >= attemptMs;
    this.#attemptFailed(connection, isTimeout ? "timed out" : "refused", reason);
  }

  #attemptFailed(connection: DeviceConnection, how: AttemptFailure, reason: string): void {
    const now = this.#now;
    const times = this.#times;
    if (this.#connections.size > 0) {
      this.#extra.failures += 1;
      this.#extra.hasAnswered = false;
      const backoff = { firstMs: times.retryMs, maxMs: Math.max(MAX_EXTRA_WAIT_MS, times.retryMs) };
      this.#extra.dueAt = now + backoffMs(backoff, this.#extra.failures, Math.random());
      return;
    }
    const hopelessSince = this.#reach.failed(connection.openedAt, how, now, times);
    if (hopelessSince !== undefined) this.#log.down(reason, connection.openedAt);
    if (this.#owner.isNeeded())
      this.#openIn(Math.max(this.#reach.dueAt - now, this.#reach.waitMs(times, Math.random())));
    this.#owner.notReachable(reason, hopelessSince);
  }

  // ending

  #endedByDevice(connection: DeviceConnection, reason: string): void {
    const hasAnswered = this.#responsive.has(connection);
    if (!hasAnswered && this.#reach.mayBeBusy(this.#now)) {
      this.#wary = WARY_LINKS;
      this.#turnedAway.add(connection);
    }
    const hasFailed = !hasAnswered && this.#owner.isAsked(connection); // a link that nobody has used proves nothing
    this.#ended(connection, reason, hasAnswered);
    if (hasFailed) this.#attemptFailed(connection, "closed", `connected, but closed: ${reason}`);
  }

  #ended(connection: DeviceConnection, reason: string, mayReopen: boolean): void {
    this.#remove(connection);
    this.#log.ended(connection, reason);
    if (this.#connections.size === 0) this.#reach.ended(connection.openedAt, mayReopen, this.#now, this.#times);
  }

  #leave(connection: DeviceConnection): void {
    this.#leaving.add(connection);
    connection.leave(() => {
      this.#linger(connection);
      this.#owner.room();
    });
  }

  /** The connection gives up its place. It lingers unless the device has seen its end. */
  #linger(connection: DeviceConnection): void {
    this.#leaving.delete(connection);
    if (!this.#owner.isNeeded()) connection.close();
    if (connection.closed) this.#lingering.delete(connection);
    else this.#lingering.add(connection);
  }

  #remove(connection: DeviceConnection): void {
    this.#connections.delete(connection);
    if (this.#opening === connection) this.#opening = undefined;
  }
}
