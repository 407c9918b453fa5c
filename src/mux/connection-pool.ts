import { backoffMs } from "../core/limits/backoff.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { Timer } from "../system/clock.js";
import { DeviceConnection, type DeviceConnectionEvents } from "./device-connection.js";
import type { MuxContext } from "./mux-context.js";
import type { MuxLog } from "./mux-log.js";

const LEAST_WAIT_MS = 1000; // from an attempt to the next, once the link is lost: a device that restarts must not be stormed
const MOST_WAIT_MS = 10_000; // it is back for so long at most before somebody notices

/** What a pool asks and tells the mux it opens links for. */
export interface ConnectionPoolOwner {
  readonly log: MuxLog;
  /** Of the mux. */
  readonly port: number;
  route(): MuxRoute;
  context(): MuxContext;
  /** Whether somebody would miss a link. */
  needsLink(): boolean;
  /** A link is being connected: who is told what happens on it from now on. */
  opened(link: DeviceConnection): DeviceConnectionEvents;
  /** There is no link, and none can be had at the moment. */
  noPath(reason: string): void;
}

/** The links of a mux: opened one at a time when they are needed, after a failure less and less often. */
export class ConnectionPool {
  readonly #owner: ConnectionPoolOwner;
  readonly #links = new Set<DeviceConnection>();
  /** Those over which the device has said something that makes sense: it is there. */
  readonly #proven = new WeakSet<DeviceConnection>();
  #opening: DeviceConnection | undefined;
  /** Links begun so far. */
  #count = 0;
  #retry: Timer | undefined;
  /** Attempts in a row that led to nothing. */
  #failures = 0;
  /** The last attempt did not connect, or the device closed it without a word. */
  #unreachable = false;
  #downSince: number | undefined;

  constructor(owner: ConnectionPoolOwner) {
    this.#owner = owner;
  }

  /** Those that can be used, or will be. */
  get links(): ReadonlySet<DeviceConnection> {
    return this.#links;
  }

  /** Whether there is no link, and it is not the time for another attempt yet. */
  get down(): boolean {
    return this.#links.size === 0 && this.#retry !== undefined && this.#unreachable;
  }

  /** Opens one more link, if there may be one. */
  want(): void {
    const full = this.#links.size >= this.#owner.route().mux.pool;
    if (full || this.#opening !== undefined || this.#retry !== undefined) return;
    this.#count += 1;
    const name = { port: this.#owner.port, number: this.#count };
    const link = new DeviceConnection(name, this.#owner.route(), this.#owner.context(), {
      ready: () => this.#ready(link, events),
      data: (chunk) => events.data(chunk),
      eof: () => events.eof(),
      drained: () => events.drained(),
      lost: (reason) => this.#lost(link, reason, events),
      fault: (error) => events.fault(error),
    });
    this.#links.add(link);
    this.#opening = link;
    const events = this.#owner.opened(link);
  }

  /** The device has said something over a link that makes sense: should the link be lost, the next attempt need not wait. */
  prove(link: DeviceConnection): void {
    if (this.#proven.has(link)) return;
    this.#proven.add(link);
    this.#failures = 0;
  }

  /** Closes a link because of what the device has done. */
  close(link: DeviceConnection, reason: string): void {
    this.renew(link, reason);
    if (!this.#proven.has(link)) this.#failed(`connected, but closed ${reason}`);
  }

  /** Closes a link that is of no use any more: another one is opened, in time. */
  renew(link: DeviceConnection, reason: string): void {
    this.retire(link, reason);
    this.#pace(link);
  }

  /** Closes a link because its time has come: another one may be opened at once. */
  retire(link: DeviceConnection, reason: string): void {
    if (!this.#links.has(link)) return;
    this.#owner.log.info(`link closed: ${reason}`);
    link.close();
    this.#remove(link);
  }

  /** Does not wait for the time of another attempt any more. */
  rest(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  /** Closes all links; another one is opened when it is wanted again, and its time has come. */
  closeAll(reason: string): void {
    if (this.#links.size > 0) this.#owner.log.info(`links closed: ${reason}`);
    for (const link of this.#links) link.close();
    this.#links.clear();
    this.#opening = undefined;
  }

  #ready(link: DeviceConnection, events: DeviceConnectionEvents): void {
    this.#opening = undefined;
    this.#unreachable = false;
    const { clock } = this.#owner.context();
    const down = this.#downSince === undefined ? "" : `, reached again after ${seconds(clock.now() - this.#downSince)}`;
    this.#downSince = undefined;
    this.#owner.log.info(
      `link connected to ${link.address} after ${Math.round(clock.now() - link.openedAt)} ms${down}`,
    );
    events.ready();
  }

  #lost(link: DeviceConnection, reason: string, events: DeviceConnectionEvents): void {
    this.#remove(link);
    this.#pace(link);
    if (link.address === "") {
      this.#failed(reason);
      return;
    }
    this.#owner.log.info(`link closed: ${reason}`);
    if (!this.#proven.has(link)) this.#failed(`connected, but closed: ${reason}`);
    events.lost(reason);
  }

  #remove(link: DeviceConnection): void {
    this.#links.delete(link);
    if (this.#opening === link) this.#opening = undefined;
  }

  /** After a link that was lost the next one comes later: after one that led to nothing, later and later. */
  #pace(link: DeviceConnection): void {
    const { clock } = this.#owner.context();
    const firstMs = Math.max(LEAST_WAIT_MS, this.#owner.route().mux.retryMs);
    let ms = link.openedAt + LEAST_WAIT_MS - clock.now();
    if (!this.#proven.has(link)) {
      this.#failures += 1;
      ms = backoffMs({ firstMs, maxMs: Math.max(MOST_WAIT_MS, firstMs) }, this.#failures, Math.random());
    }
    const last = this.#links.size === 0;
    if (last) this.rest(); // what was put off because of one link more does not hold up the only one
    if (ms <= 0) return;
    this.rest();
    this.#retry = clock.after(ms, () => {
      this.#retry = undefined;
      if (this.#links.size === 0 && this.#owner.needsLink()) this.want();
    });
  }

  /** The device cannot be reached. */
  #failed(reason: string): void {
    this.#unreachable = true;
    if (this.#links.size > 0) return;
    if (this.#downSince === undefined) {
      this.#downSince = this.#owner.context().clock.now();
      this.#owner.log.warn(`no link to the device: ${reason}; it is tried again while there are clients`);
    }
    this.#owner.noPath(reason);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
