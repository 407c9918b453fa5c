import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { pid } from "node:process";
import type { Clock } from "./clock.js";
import { Connection, type ConnectionHost } from "./connection.js";
import { formatHostPort } from "./core/address.js";
import { maskPassword, mayStop, type Settings } from "./core/config/settings.js";
import { PidSource } from "./core/pid.js";
import { formatRemote } from "./core/setup/order.js";
import type { DaemonStatus, ListenerStatus } from "./core/status.js";
import { TcpEnd } from "./ends/tcp-end.js";
import { listenersOf } from "./listeners/index.js";
import type { Listener } from "./listeners/listener.js";
import type { Log } from "./log.js";
import { Luup } from "./luup.js";
import { Registry } from "./registry.js";
import { Renotifier } from "./renotify.js";
import { SocketTable } from "./socket-table.js";
import { BUILD, VERSION } from "./version.js";

const BACKLOG = 4096; // a hub's plugins all reconnect in the moment after a reload
const STOP_LIMIT_MS = 2000;

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "already in use",
  EADDRNOTAVAIL: "no such address on this machine",
  EACCES: "not permitted",
  ENOTFOUND: "unknown address",
};

interface OpenListener {
  readonly listener: Listener;
  readonly server: Server;
}

/** The whole of it: opens the listeners, admits their clients, knows everything, and ends in good order. */
export class Daemon {
  /** Resolves when the daemon has stopped. */
  readonly stopped: Promise<void>;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #luup: Luup;
  readonly #renotifier: Renotifier;
  readonly #registry = new Registry();
  readonly #pids = new PidSource();
  readonly #startedAt: number;
  readonly #startedEpochMs: number;
  readonly #host: ConnectionHost;
  #open: OpenListener[] = [];
  #stopping = false;
  #tellStopped = (): void => {};

  constructor(settings: Settings, clock: Clock, log: Log) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#startedAt = clock.now();
    this.#startedEpochMs = clock.epochMs();
    this.#luup = new Luup(settings.vera, clock, log);
    const sockets = new SocketTable(clock);
    this.#renotifier = new Renotifier(clock, sockets, (error) => log.error(`looking for unread bytes: ${error}`));
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
    this.#host = {
      clock,
      log,
      luup: this.#luup,
      sockets,
      renotifier: this.#renotifier,
      renotifyMs: settings.renotify,
      mayStop: (address) => mayStop(settings, address),
      status: () => this.status,
      stop: (reason) => void this.stop(reason),
      changed: (connection) => this.#registry.changed(connection),
    };
  }

  /**
   * Opens all listeners.
   *
   * @throws {Error} naming the address and port that cannot be had; nothing stays open then
   */
  async start(): Promise<void> {
    try {
      for (const listener of listenersOf(this.#settings)) await this.#listen(listener);
    } catch (error) {
      for (const { server } of this.#open) server.close();
      await this.#luup.close();
      throw error;
    }
    this.#log.info(`sockproxyd ${VERSION} started, notifies ${maskPassword(this.#settings.vera)}`);
  }

  /** Where it listens, in the order of the settings. */
  get listeners(): ListenerStatus[] {
    return this.#open.map(({ listener, server }) => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address : { address: "", port: listener.port };
      return {
        kind: listener.kind,
        address: bound.address,
        port: bound.port,
        ...(listener.order && { remote: formatRemote(listener.order) }),
      };
    });
  }

  get status(): DaemonStatus {
    return {
      version: VERSION,
      build: BUILD,
      pid,
      startedAt: new Date(this.#startedEpochMs).toISOString(),
      uptimeMs: Math.round(this.#clock.now() - this.#startedAt),
      vera: maskPassword(this.#settings.vera),
      listeners: this.listeners,
      logLinesLost: this.#log.lost,
      connections: this.#registry.all().map((connection) => connection.status),
    };
  }

  /** Stops accepting, closes all connections, waits for the final notifications (2 s at most). May be called again. */
  async stop(reason: string): Promise<void> {
    if (this.#stopping) return this.stopped;
    this.#stopping = true;
    this.#log.info(`stopping: ${reason}`);
    for (const { server } of this.#open) server.close();
    for (const connection of this.#registry.all()) connection.stop("the proxy is stopping");
    await new Promise<void>((resolve) => {
      const limit = this.#clock.after(STOP_LIMIT_MS, resolve);
      this.#registry.whenSettled(() => {
        limit.cancel();
        resolve();
      });
    });
    await this.#luup.close();
    this.#log.info("stopped");
    this.#tellStopped();
  }

  async #listen(listener: Listener): Promise<void> {
    const { ip } = this.#settings;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#admit(listener, socket),
    );
    try {
      server.listen({ port: listener.port, backlog: BACKLOG, ...(ip !== "*" && { host: ip }) });
      await once(server, "listening");
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      const where = formatHostPort({ host: ip, port: listener.port });
      throw new Error(`cannot listen on ${where}: ${LISTEN_ERRORS[code] ?? message}`, { cause: error });
    }
    server.on("error", (error) => this.#log.error(`listener on port ${listener.port}: ${error.message}`));
    this.#open.push({ listener, server });
    const remote = listener.order === undefined ? "" : ` for ${formatRemote(listener.order)}`;
    this.#log.info(`listening on ${formatHostPort({ host: ip, port: listener.port })} (${listener.kind}${remote})`);
  }

  #admit(listener: Listener, socket: Socket): void {
    const id = this.#pids.next(this.#clock.epochMs());
    const connection = new Connection(id, TcpEnd.accept(socket), `${listener.kind} port ${listener.port}`, this.#host);
    this.#registry.add(connection);
    listener.welcome(connection);
  }
}
