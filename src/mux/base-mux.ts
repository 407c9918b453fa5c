import type { MuxLine } from "../core/config/settings.js";
import { namesOfLine } from "../core/health/problems.js";
import { POLLER } from "../core/mux/client-records.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import { type LinkStatus, type MuxCounters, type MuxStatus, muxCounters } from "../core/mux/mux-status.js";
import { type DetectedProtocol, detectProtocol, hintOf, wrongProtocolReply } from "../core/mux/protocol-detection.js";
import { formatHostPort } from "../core/net/address.js";
import type { LineNames } from "../core/status/gathering.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import { Rounds } from "../scheduling/rounds.js";
import { ConnectionPool } from "./connection-pool.js";
import { Countdown } from "./countdown.js";
import type { DeviceConnection } from "./device-connection.js";
import type { DeviceConnectionEvents } from "./device-connection-events.js";
import type { ClientIdentity, Mux } from "./mux.js";
import { MuxClient } from "./mux-client.js";
import type { MuxClientOwner } from "./mux-client-owner.js";
import type { MuxContext } from "./mux-context.js";
import { MuxLog } from "./mux-log.js";
import { RequestStatistics } from "./request-statistics.js";

const MAX_SHOWN = 64; // bytes of what is no message, in the log
const STALL_MEMORY_MS = 60_000; // behind a client that stopped, slow messages begin when they are whole: others may do the same on purpose
const ABANDONED = "its line is gone from the configuration";

/** The events of a client that the two kinds of mux handle differently. */
export type ClientEvents = Omit<
  MuxClientOwner,
  "malformed" | "wrongProtocol" | "gone" | "isAwaited" | "isDeviceIdle" | "stallMs" | "readStalled"
>;

/** What both kinds of mux have in common: clients, connections to the device while there are clients, counters. */
export abstract class BaseMux implements Mux {
  protected readonly clients = new Set<MuxClient>();
  protected readonly counters = muxCounters();
  protected readonly statistics: RequestStatistics;
  protected readonly log: MuxLog;
  protected readonly pool: ConnectionPool;
  /** Deliveries to many clients. While they fall behind, the device is not read. */
  protected readonly rounds: Rounds;
  #line: MuxLine;
  readonly #idle: Countdown;
  #context: MuxContext;
  #isAbandoned = false;
  /** When a client last stopped in the middle of a message. */
  #stalledAt = Number.NEGATIVE_INFINITY;

  constructor(line: MuxLine, context: MuxContext) {
    this.#line = line;
    this.#context = context;
    this.statistics = new RequestStatistics(this.counters, context.clock, () => this.route.mux.pool);
    this.log = new MuxLog(line, line.route.target, context);
    this.#idle = new Countdown(context.clock, () =>
      this.closeConnections(`no client for ${this.route.mux.idleMs / 1000} s`),
    );
    this.pool = new ConnectionPool({
      route: () => this.route,
      context: () => this.context,
      isNeeded: () => this.clients.size > 0,
      isAsked: (connection) => this.isAsked(connection),
      opened: (connection) => this.connectionOpened(connection),
      notReachable: (reason, hopelessSince) => this.notReachable(reason, hopelessSince),
      room: () => this.mayGoOn(),
      log: this.log,
      line: () => this.#line,
    });
    this.rounds = new Rounds({
      late: () => {
        for (const connection of this.pool.connections) connection.pause(this.rounds);
      },
      caughtUp: () => {
        for (const connection of this.pool.connections) connection.resume(this.rounds);
        this.mayGoOn();
      },
    });
  }

  get idle(): boolean {
    return this.clients.size === 0;
  }

  get lineNames(): LineNames {
    return namesOfLine(this.#line);
  }

  get status(): MuxStatus {
    const { mux, target } = this.route;
    return {
      port: this.#line.port,
      ...(this.#line.name !== undefined && { name: this.#line.name }),
      protocol: mux.protocol.framing.name,
      mode: mux.mode,
      target: formatHostPort(target),
      clientCount: [...this.clients].filter(({ id }) => id !== POLLER).length,
      waiting: this.waiting,
      outstanding: this.outstanding,
      pool: mux.pool,
      links: [...this.pool.connections].map((connection) => this.statusOf(connection)),
      down: this.pool.outage !== undefined,
      ...this.pool.outage,
      ...this.statistics.status,
    };
  }

  get streams(): TracedStream[] {
    return [...this.pool.connections].flatMap(({ stream }) => stream ?? []);
  }

  attach({ origin, id, name }: ClientIdentity): MuxClient {
    const { target, mux } = this.route;
    const who = { origin, id, name, record: this.statistics.connected(origin, id) };
    const client = new MuxClient(who, target, mux.protocol, this.context.clock, {
      ...this.eventsOf(() => client),
      malformed: (reason, fault, bytes) => {
        this.count(fault === "stalled" ? "stalled" : "malformed");
        if (fault === "stalled") this.#stalledAt = this.context.clock.now();
        const shown = bytes === undefined ? "" : ` (${bytes.toString("hex", 0, MAX_SHOWN)})`;
        const text = `not a message of ${mux.protocol.framing.name}: ${reason}${shown}${this.#hint(bytes)}`;
        this.log.throttled("malformed", `client closed: ${text}`);
        this.reject(client, text, mux.protocol.malformedReply(reason, fault));
      },
      wrongProtocol: (detected, bytes) => this.#wrongProtocol(client, detected, bytes),
      gone: () => this.#left(client),
      stallMs: () => this.route.mux.stallMs,
      isAwaited: () => this.waiting > 0,
      isDeviceIdle: () => mux.mode === "request" && this.#isDeviceIdle,
      readStalled: () => {
        this.count("stalled");
        const text = `it has read nothing for ${this.route.mux.stallMs / 1000} s in the middle of an answer`;
        this.log.throttled("stalled", `client closed: ${text}`);
        client.cut(text);
      },
    });
    this.clients.add(client);
    this.#idle.cancel();
    this.clientJoined(client);
    return client;
  }

  /** What bytes of a client look like, where they are no message: behind the reason. */
  #hint(bytes: Buffer | undefined): string {
    const { name } = this.route.mux.protocol.framing;
    const detected = bytes === undefined ? undefined : detectProtocol(bytes, "clients", name);
    return detected === undefined ? "" : `; ${hintOf(detected, "clients", name)}`;
  }

  /** A client that speaks another protocol hears of it, where it can, and is closed. */
  #wrongProtocol(client: MuxClient, detected: DetectedProtocol, bytes: Buffer): void {
    const { name } = this.route.mux.protocol.framing;
    this.count("malformed");
    const text = `not a message of ${name}: ${hintOf(detected, "clients", name)} (${bytes.toString("hex", 0, MAX_SHOWN)})`;
    this.log.throttled("wrong protocol", `client closed: ${text}`);
    this.reject(client, text, wrongProtocolReply(detected, bytes, text));
  }

  configure(line: MuxLine, context: MuxContext): void {
    this.#line = line;
    this.log.rename(line);
    this.#context = context;
    this.#isAbandoned = false;
  }

  abandon(): void {
    this.#isAbandoned = true;
    if (this.idle) this.close(ABANDONED);
  }

  release(reason: string): void {
    this.closeConnections(reason);
  }

  close(reason: string): void {
    this.#idle.cancel();
    this.closeConnections(reason);
    this.pool.close();
  }

  abstract drain(): Promise<void>;

  /** Whether nobody uses the device, and no client has stopped in the middle of a message a short time ago. */
  get #isDeviceIdle(): boolean {
    const hasStalled = this.context.clock.now() - this.#stalledAt < STALL_MEMORY_MS;
    return this.waiting === 0 && this.outstanding === 0 && !hasStalled;
  }

  protected get route(): MuxRoute {
    return this.#line.route;
  }

  protected get context(): MuxContext {
    return this.#context;
  }

  protected count(counter: keyof MuxCounters, by = 1): void {
    this.counters[counter] += by;
  }

  protected closeConnections(reason: string): void {
    this.pool.endAll(reason);
  }

  /** The mux has waited for something, and may go on: {@link rounds} have caught up, or the pool has room. */
  protected mayGoOn(): void {}

  /** Number of requests that wait for their turn. */
  protected abstract get waiting(): number;
  /** Number of requests that wait for their answer. */
  protected abstract get outstanding(): number;
  protected abstract statusOf(connection: DeviceConnection): LinkStatus;
  /** @param client gives the client, once it is constructed */
  protected abstract eventsOf(client: () => MuxClient): ClientEvents;
  /** Closes a client that has sent bytes which are no message, behind this reply. */
  protected abstract reject(client: MuxClient, reason: string, reply: Buffer | undefined): void;
  protected abstract clientJoined(client: MuxClient): void;
  protected abstract clientLeft(client: MuxClient): void;
  /** A connection is being opened. Returns the listener for its events. */
  protected abstract connectionOpened(connection: DeviceConnection): DeviceConnectionEvents;
  /** Whether somebody wanted something of this connection: see {@link ConnectionPoolOwner.isAsked}. */
  protected abstract isAsked(connection: DeviceConnection): boolean;
  /** An attempt to connect has failed: see {@link ConnectionPoolOwner.notReachable}. */
  protected abstract notReachable(reason: string, hopelessSince: number | undefined): void;

  #left(client: MuxClient): void {
    if (!this.clients.delete(client)) return;
    this.clientLeft(client);
    this.statistics.disconnected(client);
    if (this.clients.size > 0) return;
    if (this.#isAbandoned) this.close(ABANDONED);
    else this.#idle.start(Math.max(1, this.route.mux.idleMs));
  }
}
