import { backoffMs } from "../core/limits/backoff.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { LineId } from "../core/net/client-origin.js";
import type { Timer } from "../system/clock.js";
import { DeviceConnection, type DeviceConnectionEvents } from "./device-connection.js";
import type { MuxContext } from "./mux-context.js";
import type { MuxLog } from "./mux-log.js";

const MIN_WAIT_MS = 1000; // from an attempt to the next one after a lost connection: spares a device that restarts
const MAX_WAIT_MS = 10_000; // a device that is back is noticed after this time at the latest (docs/mux.md)

/** What a pool asks of its mux, and tells it. */
export interface ConnectionPoolOwner {
  readonly log: MuxLog;
  /** The line of the mux. */
  line(): LineId;
  route(): MuxRoute;
  context(): MuxContext;
  /** Whether the mux has clients. */
  isNeeded(): boolean;
  /** A connection is being opened. Returns the listener for its events. */
  opened(connection: DeviceConnection): DeviceConnectionEvents;
  /** There is no connection, and the next attempt is not due yet. */
  notReachable(reason: string): void;
}

/** The connections of a mux to its device: opened one at a time when they are needed, after failures less and less often. */
export class ConnectionPool {
  readonly #owner: ConnectionPoolOwner;
  readonly #connections = new Set<DeviceConnection>();
  /** Connections on which the device has sent a sensible message. */
  readonly #responsive = new WeakSet<DeviceConnection>();
  #opening: DeviceConnection | undefined;
  /** Attempts to connect so far. */
  #count = 0;
  /** While it runs there is no attempt to connect. */
  #retry: Timer | undefined;
  /** Attempts since the last responsive connection. */
  #failures = 0;
  /** Whether the last attempt did not connect, or the device closed the connection without a message. */
  #isUnreachable = false;
  #downSince: number | undefined;

  constructor(owner: ConnectionPoolOwner) {
    this.#owner = owner;
  }

  /** The connections that are being opened or are established. */
  get connections(): ReadonlySet<DeviceConnection> {
    return this.#connections;
  }

  /** Whether there is no connection, the last attempt failed, and the next attempt is not due yet. */
  get down(): boolean {
    return this.#connections.size === 0 && this.#retry !== undefined && this.#isUnreachable;
  }

  /** Opens one more connection, unless there are POOL of them, one is being opened, or the next attempt is not due yet. */
  open(): void {
    const isFull = this.#connections.size >= this.#owner.route().mux.pool;
    if (isFull || this.#opening !== undefined || this.#retry !== undefined) return;
    this.#count += 1;
    const name = { line: this.#owner.line(), number: this.#count };
    const connection = new DeviceConnection(name, this.#owner.route(), this.#owner.context(), {
      ready: () => this.#ready(connection, events),
      data: (chunk) => events.data(chunk),
      eof: () => events.eof(),
      drained: () => events.drained(),
      lost: (reason) => this.#lost(connection, reason, events),
      fault: (error) => events.fault(error),
    });
    this.#connections.add(connection);
    this.#opening = connection;
    const events = this.#owner.opened(connection);
  }

  /** The device has sent a sensible message. When this connection is lost, the next attempt need not wait for long. */
  markResponsive(connection: DeviceConnection): void {
    if (this.#responsive.has(connection)) return;
    this.#responsive.add(connection);
    this.#failures = 0;
  }

  /** Closes a connection because of what the device has done. A device that sent no sensible message before is not reachable. */
  fail(connection: DeviceConnection, reason: string): void {
    this.replace(connection, reason);
    if (!this.#responsive.has(connection)) this.#failed(`connected, but closed ${reason}`);
  }

  /** Closes a connection that is of no use any more. The next one may be opened after some time. */
  replace(connection: DeviceConnection, reason: string): void {
    this.retire(connection, reason);
    this.#delayNext(connection);
  }

  /** Closes a connection whose time has come. The next one may be opened at once. */
  retire(connection: DeviceConnection, reason: string): void {
    if (!this.#connections.has(connection)) return;
    this.#owner.log.info(`link closed: ${reason}`);
    connection.close();
    this.#remove(connection);
  }

  /** The next attempt to connect is due as soon as a connection is needed. */
  cancelRetry(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  /** Closes all connections. {@link open} opens new ones, once the next attempt is due. */
  closeAll(reason: string): void {
    if (this.#connections.size > 0) this.#owner.log.info(`links closed: ${reason}`);
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    this.#opening = undefined;
  }

  #ready(connection: DeviceConnection, events: DeviceConnectionEvents): void {
    this.#opening = undefined;
    this.#isUnreachable = false;
    const { clock } = this.#owner.context();
    const { address, openedAt } = connection;
    const down =
      this.#downSince === undefined ? "" : `; the device was down for ${seconds(clock.now() - this.#downSince)}`;
    this.#downSince = undefined;
    this.#owner.log.alert("back");
    this.#owner.log.info(`link connected to ${address} after ${Math.round(clock.now() - openedAt)} ms${down}`);
    events.ready();
  }

  #lost(connection: DeviceConnection, reason: string, events: DeviceConnectionEvents): void {
    this.#remove(connection);
    this.#delayNext(connection);
    if (connection.address === "") {
      this.#failed(reason);
      return;
    }
    this.#owner.log.info(`link closed: ${reason}`);
    if (!this.#responsive.has(connection)) this.#failed(`connected, but closed: ${reason}`);
    events.lost(reason);
  }

  #remove(connection: DeviceConnection): void {
    this.#connections.delete(connection);
    if (this.#opening === connection) this.#opening = undefined;
  }

  /** Delays the attempt after this connection: by {@link MIN_WAIT_MS} from its beginning, or longer and longer if it was of no use. */
  #delayNext(connection: DeviceConnection): void {
    const { clock } = this.#owner.context();
    const firstMs = Math.max(MIN_WAIT_MS, this.#owner.route().mux.retryMs);
    let ms = connection.openedAt + MIN_WAIT_MS - clock.now();
    if (!this.#responsive.has(connection)) {
      this.#failures += 1;
      ms = backoffMs({ firstMs, maxMs: Math.max(MAX_WAIT_MS, firstMs) }, this.#failures, Math.random());
    }
    const isLast = this.#connections.size === 0;
    if (isLast) this.cancelRetry(); // the failure of an additional connection must not delay the only one
    if (ms <= 0) return;
    this.cancelRetry();
    this.#retry = clock.after(ms, () => {
      this.#retry = undefined;
      if (this.#connections.size === 0 && this.#owner.isNeeded()) this.open();
    });
  }

  #failed(reason: string): void {
    this.#isUnreachable = true;
    if (this.#connections.size > 0) return;
    if (this.#downSince === undefined) {
      this.#downSince = this.#owner.context().clock.now();
      this.#owner.log.alert({ down: reason });
      this.#owner.log.warn(`no link to the device: ${reason}; trying again while there are clients`);
    }
    this.#owner.notReachable(reason);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
