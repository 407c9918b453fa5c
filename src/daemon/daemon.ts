import type { Socket } from "node:net";
import { pid } from "node:process";
import { Admission, descriptorWarning } from "../accept/admission.js";
import type { Listener } from "../accept/listener.js";
import { Ports } from "../accept/ports.js";
import { Rejections } from "../accept/rejections.js";
import { TlsHandshakes } from "../accept/tls-handshakes.js";
import { Alerts } from "../alerts/alerts.js";
import type { LoadedConfig } from "../cli/load-config.js";
import { Connection, type ConnectionContext } from "../connection/connection.js";
import { ConnectionRegistry } from "../connection/connection-registry.js";
import type { Settings } from "../core/config/settings.js";
import { maskPassword } from "../core/config/values.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { ConnectionIds } from "../core/setup/connection-ids.js";
import type { DaemonReport, ListenerStatus } from "../core/status/daemon-status.js";
import type { WriteText } from "../log/line-writer.js";
import type { Log } from "../log/log.js";
import { Monitor, type TracedStream } from "../monitor/monitor.js";
import { FinalNotifications } from "../notify/final-notifications.js";
import { LuupClients } from "../notify/luup-clients.js";
import { UnreadReminder } from "../notify/unread-reminder.js";
import { DeadPeers } from "../sockets/dead-peers.js";
import { acceptLocal } from "../sockets/local-end.js";
import { OwnSockets } from "../sockets/own-sockets.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import { acceptTcp } from "../sockets/tcp-end.js";
import type { Clock } from "../system/clock.js";
import { DescriptorBudget, type DescriptorLease } from "../system/descriptor-budget.js";
import { descriptorLimit } from "../system/descriptors.js";
import { SocketTable } from "../system/socket-table.js";
import { BUILD, VERSION } from "../version.js";
import { Web } from "../web/web.js";
import { Features, type FeaturesContext } from "./features.js";
import { listenersOf } from "./listeners.js";

const STOP_LIMIT_MS = 2000;
const DRAIN_LIMIT_MS = 5000; // for answers that shared devices owe

/** What settings are made into: all that new connections work with. A reload makes another one. */
interface Generation {
  readonly settings: Settings;
  readonly admission: Admission;
  readonly context: ConnectionContext & FeaturesContext;
}

/** The whole of it: opens the listeners, admits their clients, knows everything, and ends in good order. */
export class Daemon {
  /** Resolves when the daemon has stopped. */
  readonly stopped: Promise<void>;
  readonly #load: () => LoadedConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sockets: SocketTable;
  readonly #unreadReminder: UnreadReminder;
  readonly #registry = new ConnectionRegistry();
  readonly #monitor: Monitor;
  readonly #alerts: Alerts;
  readonly #luups: LuupClients;
  readonly #finalNotifications: FinalNotifications;
  readonly #features: Features;
  readonly #connectionIds = new ConnectionIds();
  readonly #descriptors = new DescriptorBudget(descriptorLimit());
  readonly #rejections: Rejections;
  readonly #own: OwnSockets;
  readonly #handshakes: TlsHandshakes;
  readonly #ports: Ports;
  readonly #web: Web;
  readonly #startedAt: number;
  readonly #startedEpochMs: number;
  #generation: Generation;
  #reloading: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #tellStopped = (): void => {};

  /**
   * @param load reads the configuration again, for a reload
   * @param console shows the messages of connections that are monitored
   */
  constructor(settings: Settings, load: () => LoadedConfig, clock: Clock, log: Log, console: WriteText) {
    this.#load = load;
    this.#clock = clock;
    this.#log = log;
    this.#startedAt = clock.now();
    this.#startedEpochMs = clock.epochMs();
    this.#sockets = new SocketTable(clock);
    this.#unreadReminder = new UnreadReminder(clock, this.#sockets, (error) =>
      log.error(`looking for unread bytes: ${error}`),
    );
    this.#rejections = new Rejections({ clock, sockets: this.#sockets }, log);
    this.#own = new OwnSockets(clock);
    this.#handshakes = new TlsHandshakes({
      clock,
      rejections: this.#rejections,
      keepalive: () => this.#generation.settings.keepalive,
      denialReason: (origin, listener) => this.#generation.admission.denialReason(origin, listener),
      admit: (origin, listener) => this.#generation.admission.admit(origin, listener),
      serve: (client, origin, listener, lease) => this.#take(client, origin, listener, lease),
    });
    this.#ports = new Ports({ clock, log, own: this.#own, admit: (listener, socket) => this.#admit(listener, socket) });
    this.#alerts = new Alerts(clock, log);
    this.#monitor = new Monitor(
      { clock, log, alerts: this.#alerts, console, streams: () => this.#streams() },
      settings,
    );
    this.#luups = new LuupClients(settings.vera, clock, log);
    this.#finalNotifications = new FinalNotifications(clock, log);
    this.#generation = this.#generationOf(settings);
    this.#features = new Features(this.#generation.context);
    this.#web = new Web({
      clock,
      log,
      monitor: this.#monitor,
      rejections: this.#rejections,
      own: this.#own,
      admission: () => this.#generation.admission,
      status: () => this.status,
    });
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
  }

  /**
   * Opens all listeners.
   *
   * @throws {ListenError} when the proxy's own port cannot be had; nothing stays open then
   */
  async start(): Promise<void> {
    const { settings, context } = this.#generation;
    try {
      this.#alerts.configure(settings);
      this.#features.configure(settings, context);
      await this.#web.configure(settings);
      await this.#ports.open(this.#listenersOf(settings), settings.ip);
    } catch (error) {
      this.#features.close("it does not start");
      await Promise.all([this.#luups.close(), this.#web.close()]);
      throw error;
    }
    this.#warnOfDescriptors();
    const notifies = settings.proxy ? `, notifies ${maskPassword(settings.vera)}` : "";
    this.#log.info(`sockproxyd ${VERSION} started${notifies}`);
  }

  /**
   * Reads the configuration again and works by it from then on: listeners are opened, closed and changed in place;
   * connections that exist go on as they are. What is wrong with it is logged, and changes nothing.
   *
   * @returns what is wrong with it, or nothing
   */
  reload(reason: string): Promise<string | undefined> {
    const result = this.#reloading.then(() => this.#reload(reason));
    this.#reloading = result.catch(() => {});
    return result;
  }

  /** Opens the log file and the audit files anew by their names, after they were moved away. */
  reopenFiles(): void {
    this.#log.reopen();
    this.#monitor.reopen();
  }

  /** Where it listens, in the order of the settings. */
  get listeners(): ListenerStatus[] {
    return [...this.#ports.status, ...this.#web.status];
  }

  get status(): DaemonReport {
    return {
      version: VERSION,
      build: BUILD,
      pid,
      startedAt: new Date(this.#startedEpochMs).toISOString(),
      uptimeMs: Math.round(this.#clock.now() - this.#startedAt),
      vera: maskPassword(this.#generation.settings.vera),
      listeners: this.listeners,
      ...this.#features.status,
      monitor: this.#monitor.status,
      traffic: this.#registry.traffic,
      descriptors: {
        used: this.#descriptors.used,
        ...(this.#descriptors.limit !== undefined && { limit: this.#descriptors.limit }),
      },
      notifications: { ...this.#luups.current.status, farewells: this.#finalNotifications.status },
      alerts: this.#alerts.status,
      logLinesLost: this.#log.lost,
      connections: this.#registry.present,
    };
  }

  /** Stops accepting, closes all connections, waits for the final notifications (2 s at most). May be called again. */
  async stop(reason: string): Promise<void> {
    if (this.#stopping) return this.stopped;
    this.#stopping = true;
    this.#log.info(`stopping: ${reason}`);
    this.#ports.close();
    this.#handshakes.close();
    await this.#within(DRAIN_LIMIT_MS, (drained) => void this.#features.drain().then(drained));
    this.#features.close("the proxy is stopping");
    const connections = this.#registry.all();
    const watchersLast = [...connections].sort((one, two) => Number(one.isWatching) - Number(two.isWatching));
    for (const connection of watchersLast) connection.stop("the proxy is stopping");
    await Promise.all([
      this.#within(STOP_LIMIT_MS, (told) =>
        this.#registry.whenEveryoneTold(() => this.#finalNotifications.whenEmpty(told)),
      ),
      this.#within(STOP_LIMIT_MS, (drained) => void this.#alerts.drain().then(drained)),
    ]);
    this.#alerts.close();
    await Promise.all([this.#monitor.flush(), this.#web.close()]);
    await this.#luups.close();
    this.#log.info("stopped");
    this.#tellStopped();
  }

  /** All messages that pass, of clients and of links to shared devices. */
  *#streams(): Iterable<TracedStream> {
    for (const { streams } of this.#registry.all()) yield* streams;
    yield* this.#features.streams;
  }

  /** Waits until what is begun calls back, for so long at most. */
  #within(ms: number, begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const limit = this.#clock.after(ms, resolve);
      begin(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  #listenersOf(settings: Settings): Listener[] {
    return listenersOf(settings, this.#features);
  }

  #generationOf(settings: Settings): Generation {
    const admission = new Admission(settings, this.#registry, this.#descriptors);
    const context: ConnectionContext & FeaturesContext = {
      settings,
      access: admission.access,
      clock: this.#clock,
      log: this.#log,
      luup: this.#luups.current,
      finalNotifications: this.#finalNotifications,
      alerts: this.#alerts,
      sockets: this.#sockets,
      unreadReminder: this.#unreadReminder,
      deadPeers: new DeadPeers(settings.keepalive, this.#clock, this.#sockets, (error) =>
        this.#log.error(`looking for lost peers: ${error}`),
      ),
      own: this.#own,
      monitor: this.#monitor,
      status: () => this.status,
      stop: (reason) => void this.stop(reason),
      reload: (reason) => this.reload(reason),
      beginDevice: (server, service) => this.#features.tunnelLines.startDevice(server, service),
      descriptors: this.#descriptors,
      portOf: (listener, ip) => this.#ports.make(listener, ip),
      changed: (connection) => this.#registry.changed(connection),
    };
    return { settings, admission, context };
  }

  async #reload(reason: string): Promise<string | undefined> {
    if (this.#stopping) return "the proxy is stopping";
    const old = this.#generation.settings;
    const { settings, problems, warnings = [] } = this.#load();
    let problem = problems.join("; ");
    if (problem === "") {
      try {
        this.#log.configure(settings.log, settings.debug);
        await this.#ports.change(this.#listenersOf(settings), settings.ip);
      } catch (error) {
        problem = (error as Error).message;
        this.#backToLog(old);
      }
    }
    if (problem !== "") {
      this.#log.error(`configuration not taken (${reason}), nothing has changed: ${problem}`);
      return problem;
    }
    for (const warning of warnings) this.#log.warn(warning);
    this.#adopt(settings);
    await this.#web.configure(settings);
    this.#log.info(`configuration read again (${reason})`);
    this.#warnOfDescriptors();
    return undefined;
  }

  #backToLog({ log, debug }: Settings): void {
    try {
      this.#log.configure(log, debug);
    } catch (error) {
      this.#log.error(`log ${log} cannot be opened any more: ${(error as Error).message}`);
    }
  }

  /** Has new connections work by these settings. */
  #adopt(settings: Settings): void {
    const inUse = new Set(this.#registry.all().map(({ luup }) => luup));
    this.#luups.configure(settings.vera, (luup) => inUse.has(luup) || this.#finalNotifications.use(luup));
    this.#generation = this.#generationOf(settings);
    this.#alerts.configure(settings);
    this.#features.configure(settings, this.#generation.context);
    this.#monitor.configure(settings);
  }

  #warnOfDescriptors(): void {
    const warning = descriptorWarning(this.#generation.settings, this.#descriptors.limit);
    if (warning !== undefined) this.#log.warn(warning);
  }

  #admit(listener: Listener, socket: Socket): void {
    if (listener.path !== undefined) {
      const client = acceptLocal(socket);
      const origin = { address: client.peerAddress, line: listener.name, hops: 0 };
      this.#take(client, origin, listener, this.#descriptors.takeReserved());
      return;
    }
    const origin = this.#own.originOf(socket, listener);
    if (listener.tls !== undefined) {
      this.#handshakes.begin(socket, origin, listener, listener.tls);
      return;
    }
    const { admission, settings } = this.#generation;
    const client = acceptTcp(socket, settings.keepalive, listener.route?.options.transport === "udp");
    if (client.peerAddress === "") {
      client.destroy(); // it has gone already
      return;
    }
    const admitted = admission.admit(origin, listener);
    if (admitted.ok) this.#take(client, origin, listener, admitted.value);
    else this.#rejections.reject(client, origin, listener, admitted.message);
  }

  /** Makes a connection of a client that may be one. */
  #take(client: StreamEnd, origin: ClientOrigin, listener: Listener, lease: DescriptorLease): void {
    const id = this.#connectionIds.next(this.#clock.epochMs());
    const connection = new Connection(id, client, origin, listener, this.#generation.context);
    this.#registry.add(connection, lease);
    listener.welcome(connection);
  }
}
