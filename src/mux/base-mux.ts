import type { MuxRoute } from "../core/mux/mux-line.js";
import { type LinkStatus, type MuxStatus, muxCounters } from "../core/mux/mux-status.js";
import { formatHostPort } from "../core/net/address.js";
import type { TracedStream } from "../monitor/monitor.js";
import { Rounds } from "../scheduling/rounds.js";
import type { End } from "../sockets/end.js";
import { ConnectionPool } from "./connection-pool.js";
import type { DeviceConnection, DeviceConnectionEvents } from "./device-connection.js";
import { IdleTimer } from "./idle-timer.js";
import type { Mux } from "./mux.js";
import { MuxClient, type MuxClientOwner } from "./mux-client.js";
import type { MuxContext } from "./mux-context.js";
import { MuxLog } from "./mux-log.js";

const ABANDONED = "its line is gone from the configuration";

/** What both kinds of mux have: clients, links while there are clients, an account of both. */
export abstract class BaseMux implements Mux {
  protected readonly clients = new Set<MuxClient>();
  protected readonly counters = muxCounters();
  protected readonly log: MuxLog;
  protected readonly pool: ConnectionPool;
  /** What is done for each of many clients. While that takes its time, the device is not read. */
  protected readonly rounds: Rounds;
  readonly #port: number;
  readonly #idleTimer: IdleTimer;
  #route: MuxRoute;
  #context: MuxContext;
  #abandoned = false;

  constructor(port: number, route: MuxRoute, context: MuxContext) {
    this.#port = port;
    this.#route = route;
    this.#context = context;
    this.log = new MuxLog(port, route.target, context);
    this.#idleTimer = new IdleTimer(() => this.closeLinks(`no client for ${this.route.mux.idleMs / 1000} s`));
    this.pool = new ConnectionPool({
      route: () => this.route,
      context: () => this.context,
      needsLink: () => this.clients.size > 0,
      opened: (link) => this.opened(link),
      noPath: (reason) => this.noPath(reason),
      log: this.log,
      port,
    });
    this.rounds = new Rounds({
      late: () => {
        for (const link of this.pool.links) link.pause(this.rounds);
      },
      caughtUp: () => {
        for (const link of this.pool.links) link.resume(this.rounds);
        this.caughtUp();
      },
    });
  }

  get idle(): boolean {
    return this.clients.size === 0;
  }

  get status(): MuxStatus {
    const { mux, target } = this.route;
    return {
      port: this.#port,
      protocol: mux.protocol.framing.name,
      mode: mux.mode,
      target: formatHostPort(target),
      clients: this.clients.size,
      waiting: this.waiting,
      outstanding: this.outstanding,
      pool: mux.pool,
      links: [...this.pool.links].map((link) => this.statusOf(link)),
      down: this.pool.down,
      ...this.counters,
    };
  }

  get streams(): TracedStream[] {
    return [...this.pool.links].flatMap(({ stream }) => stream ?? []);
  }

  attach(): End {
    const { target, mux } = this.route;
    const client = new MuxClient(target, mux.protocol, this.context.clock, {
      ...this.hears(() => client),
      malformed: (reason, tooLong) => {
        this.counters.malformed += 1;
        const text = `not a message of ${mux.protocol.framing.name}: ${reason}`;
        this.log.seldom("malformed", `client closed: ${text}`);
        this.refuse(client, text, mux.protocol.malformedReply(reason, tooLong));
      },
      gone: () => this.#left(client),
      fault: (error) => this.log.fault(error),
    });
    this.clients.add(client);
    this.#idleTimer.come();
    this.joined(client);
    return client;
  }

  configure(route: MuxRoute, context: MuxContext): void {
    this.#route = route;
    this.#context = context;
    this.#abandoned = false;
  }

  abandon(): void {
    this.#abandoned = true;
    if (this.idle) this.close(ABANDONED);
  }

  close(reason: string): void {
    this.#idleTimer.come();
    this.pool.rest();
    this.closeLinks(reason);
  }

  abstract drain(): Promise<void>;

  protected get route(): MuxRoute {
    return this.#route;
  }

  protected get context(): MuxContext {
    return this.#context;
  }

  /** Closes all links. */
  protected closeLinks(reason: string): void {
    this.pool.closeAll(reason);
  }

  /** What was to be done for clients is done, later than usual. */
  protected caughtUp(): void {}

  /** Requests that wait for their turn. */
  protected abstract get waiting(): number;
  /** Requests that wait for their answer. */
  protected abstract get outstanding(): number;
  protected abstract statusOf(link: DeviceConnection): LinkStatus;
  /** What is done with what a client sends. */
  protected abstract hears(client: () => MuxClient): Omit<MuxClientOwner, "malformed" | "gone" | "fault">;
  /** Closes a client that has sent what is no message, with these last bytes. */
  protected abstract refuse(client: MuxClient, reason: string, bytes: Buffer | undefined): void;
  /** A client is here. */
  protected abstract joined(client: MuxClient): void;
  /** A client has gone. */
  protected abstract forget(client: MuxClient): void;
  /** A link is being connected: who is told what happens on it. */
  protected abstract opened(link: DeviceConnection): DeviceConnectionEvents;
  /** There is no link, and none can be had at the moment. */
  protected abstract noPath(reason: string): void;

  #left(client: MuxClient): void {
    if (!this.clients.delete(client)) return;
    this.forget(client);
    if (this.clients.size > 0) return;
    if (this.#abandoned) this.close(ABANDONED);
    else this.#idleTimer.go(this.route.mux.idleMs, this.context.clock);
  }
}
