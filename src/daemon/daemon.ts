import { ppid } from "node:process";
import type { Port } from "../accept/port.js";
import { Ports } from "../accept/ports.js";
import type { LoadedConfig, Settings } from "../core/config/settings.js";
import { maskPassword } from "../core/config/values.js";
import type { Result } from "../core/parse/result.js";
import type { DaemonReport } from "../core/status/daemon-status.js";
import { gatherNow } from "../core/status/gathering.js";
import { DEVICE_LINKS } from "../core/upgrade/messages.js";
import { readIdentities, type TlsIdentities } from "../dial/tls-credentials.js";
import type { WriteText } from "../log/line-writer.js";
import type { Log } from "../log/log.js";
import { atMost } from "../scheduling/waits.js";
import { NO_SUPERVISOR, type Predecessor, type Supervisor } from "../supervisor/supervisor.js";
import type { Clock } from "../system/clock.js";
import { VERSION } from "../version.js";
import type { Web } from "../web/web.js";
import { Acceptor } from "./acceptor.js";
import { ConfigReload, warnOfDescriptors } from "./config-reload.js";
import { Features } from "./features.js";
import { type DaemonControl, type Generation, generationOf } from "./generation.js";
import { listenersOf } from "./listeners.js";
import { Reporter } from "./reporter.js";
import { Services } from "./services.js";
import { Upgrade } from "./upgrade.js";
import { webControls } from "./web-controls.js";

const STOP_LIMIT_MS = 2000; // for the last notifications and alerts
const DRAIN_LIMIT_MS = 5000; // for answers that shared devices owe
const STOPPING = "the proxy is stopping";

/** The daemon from its start to its end. */
export class Daemon {
  /** Resolves when the daemon has stopped. */
  readonly stopped: Promise<void>;
  readonly #services: Services;
  readonly #features: Features;
  readonly #acceptor: Acceptor;
  readonly #ports: Ports;
  #web: Web | undefined;
  readonly #reload: ConfigReload;
  readonly #upgrade: Upgrade;
  readonly #control: DaemonControl;
  readonly #supervisor: Supervisor;
  /** Says how things stand. */
  readonly reporter: Reporter;
  #generation: Generation;
  #stopping = false;
  #resolveStopped = (): void => {};

  /**
   * @param load reads the configuration again, for a reload
   * @param console shows the messages of connections that are monitored
   * @param supervisor has started the daemon
   * @throws when a file of a TLS identity cannot be used
   */
  constructor(
    settings: Settings,
    load: () => LoadedConfig,
    clock: Clock,
    log: Log,
    console: WriteText,
    supervisor: Supervisor = NO_SUPERVISOR,
  ) {
    this.#supervisor = supervisor;
    const services = new Services(settings, clock, log, console, () => this.#features.streams);
    const { own, names } = services;
    this.#services = services;
    this.#acceptor = new Acceptor(services, () => this.#generation);
    this.#ports = new Ports({
      clock,
      log,
      own,
      names,
      takeSocket: supervisor.takeSocket,
      predecessor: supervisor.predecessor,
      admit: (listener, socket) => this.#acceptor.accept(listener, socket),
      admitDatagrams: (...client) => this.#acceptor.acceptDatagrams(...client),
    });
    this.reporter = new Reporter({
      ...{ services, features: () => this.#features, ports: () => this.#allPorts },
      settings: () => this.#generation.settings,
      feed: () => this.#web?.events,
    });
    this.#control = {
      status: () => this.reporter.status(),
      places: this.reporter,
      stop: (reason) => void this.stop(reason),
      reload: (reason, mayUpgrade) => this.reload(reason, mayUpgrade),
      upgrade: (reason, asker) => this.#upgrade.begin(reason, asker),
      beginDevice: (server, service) => this.#features.startDevice(server, service),
      portOf: (listener, ip) => this.#ports.make(listener, ip),
      deviceIsFree: ({ route }) => this.#ports.whenFree(route),
    };
    this.#generation = generationOf(settings, services, this.#control, readIdentities(settings.tlsIdentities));
    this.#features = new Features(this.#generation.context);
    this.#reload = new ConfigReload({
      log,
      ports: this.#ports,
      descriptorLimit: services.descriptors.limit,
      load,
      settings: () => this.#generation.settings,
      listenersOf: async (next) => {
        await this.#load(next);
        return listenersOf(next, this.#features);
      },
      adopt: (next, identities) => this.#adopt(next, identities),
    });
    this.#upgrade = new Upgrade({
      ...{ services, features: this.#features, supervisor, settings: () => this.#generation.settings },
      parentPid: ppid,
      ports: () => this.#allPorts,
      closePage: async () => this.#web?.close(),
      listenAgain: () => this.#open(),
      reopenFiles: () => this.reopenFiles(),
      end: (reason) => void this.stop(reason),
    });
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  /**
   * Opens all listeners.
   *
   * @throws {ListenError} when the proxy's own port cannot be had; nothing stays open then
   */
  async start(): Promise<void> {
    const { settings } = this.#generation;
    const { alerts, luupClients, names, descriptors, log } = this.#services;
    try {
      alerts.configure(settings);
      await this.#load(settings);
      const { predecessor } = this.#supervisor;
      if (predecessor !== undefined) await this.#prepareToTakeOver(predecessor);
      await this.#open(predecessor?.free(DEVICE_LINKS));
    } catch (error) {
      this.#features.close("it does not start");
      await Promise.all([luupClients.close(), this.#web?.close(), this.#services.mqtt?.close()]);
      names.close(); // what is under way would keep the process alive
      throw error;
    }
    warnOfDescriptors(settings, descriptors.limit, log);
    const notifies = settings.port > 0 ? `, notifies ${maskPassword(settings.vera)}` : "";
    log.info(`sockproxyd ${VERSION} started${notifies}`);
    await this.#supervisor.started();
  }

  /**
   * Begins to serve.
   *
   * @param linksAreFree resolves when another process has ended its links as a device: a server takes one link of a device, a broker one client
   *   of a name
   */
  async #open(linksAreFree?: Promise<void>): Promise<void> {
    const { settings, context } = this.#generation;
    this.#services.configureWays(settings, context.wayMakers);
    const isFirst = this.#supervisor.predecessor === undefined;
    if (isFirst) await this.#begin(settings);
    await this.#ports.open(listenersOf(settings, this.#features), settings.ip);
    if (isFirst) return;
    const withoutLinks: Settings = { ...settings, deviceServers: [], namedDevices: [] };
    await this.#begin(linksAreFree === undefined ? settings : withoutLinks);
    void linksAreFree?.then(() => this.#features.configure(this.#generation.settings, this.#generation.context));
  }

  /** Begins what needs no client: broker, standing connections, checks, the page. */
  async #begin(settings: Settings): Promise<void> {
    const { context } = this.#generation;
    this.#services.mqtt?.configure(settings, context.tlsIdentities);
    this.#features.configure(settings, context);
    await this.#web?.configure(settings);
  }

  async #prepareToTakeOver(predecessor: Predecessor): Promise<void> {
    const { Adoption } = await import("./adoption.js");
    predecessor.adopter = new Adoption(this.#services, this.#ports, () => this.#generation);
  }

  /** Hands the daemon over to the program that is on disk now: see {@link Upgrade.begin}. */
  upgrade(reason: string): Promise<Result<string>> {
    return this.#upgrade.begin(reason);
  }

  /**
   * Reads the configuration again and obeys it: see {@link ConfigReload}. What is wrong with it is logged. Where the program on disk is another
   * one than runs, that takes over.
   *
   * @param reason for the log, such as SIGHUP
   * @param mayUpgrade whether who asks may have another program take over: who may stop the daemon
   * @returns what is wrong with the configuration, or undefined
   */
  async reload(reason: string, mayUpgrade = false): Promise<string | undefined> {
    const instead = await this.#upgrade.insteadOfReload(reason, mayUpgrade && !this.#stopping);
    if (instead !== undefined) return instead.ok ? undefined : instead.message;
    const over = this.#reload.reload(reason);
    if (!this.#stopping) this.#supervisor.reloading(over);
    return over;
  }

  /** Opens the log file and the audit files again by their names, after they were moved away. */
  reopenFiles(): void {
    this.#services.log.reopen();
    this.#services.monitor.reopen();
    this.#supervisor.predecessor?.reopenFiles();
  }

  /** All of them, in the order of the settings. */
  get #allPorts(): Port[] {
    return [...this.#ports.all, ...[this.#web?.port ?? []].flat()];
  }

  get status(): DaemonReport {
    return gatherNow(this.reporter.status());
  }

  /**
   * Stops accepting clients, has shared devices answer what they owe (for 5 s at most), closes all connections and waits for the final
   * notifications (for 2 s at most). May be called again.
   */
  async stop(reason: string): Promise<void> {
    if (this.#stopping) return this.stopped;
    this.#stopping = true;
    const { clock, log, monitor, luupClients, webhooks, lineEvents, names } = this.#services;
    log.info(`stopping: ${reason}`);
    await this.#upgrade.close();
    this.#supervisor.stopping();
    const predecessorEnds = this.#supervisor.predecessor?.end();
    this.#reload.close();
    this.#ports.close();
    this.#acceptor.close();
    await atMost(DRAIN_LIMIT_MS, clock, (drained) => void this.#features.drain().then(drained));
    this.#features.close(STOPPING);
    await this.#closeConnections();
    await Promise.all([monitor.flush(), this.#web?.close()]);
    lineEvents.close();
    await Promise.all([luupClients.close(), webhooks?.close()]);
    names.close();
    await atMost(DRAIN_LIMIT_MS + STOP_LIMIT_MS, clock, (ended) => void Promise.resolve(predecessorEnds).then(ended));
    log.info("stopped");
    this.#resolveStopped();
  }

  async #closeConnections(): Promise<void> {
    const { clock, registry, finalNotifications, alerts, mqtt } = this.#services;
    const watchersLast = registry.all().sort((one, two) => Number(one.isWatching) - Number(two.isWatching));
    for (const connection of watchersLast) connection.stop(STOPPING);
    await Promise.all([
      atMost(STOP_LIMIT_MS, clock, (done) => registry.whenEndsAnnounced(() => finalNotifications.whenEmpty(done))),
      atMost(STOP_LIMIT_MS, clock, (drained) => void alerts.drain().then(drained)),
    ]);
    for (const connection of registry.all()) connection.abandon();
    alerts.close();
    await mqtt?.close();
  }

  async #adopt(settings: Settings, identities: TlsIdentities): Promise<void> {
    this.#services.configure(settings);
    this.#generation = generationOf(settings, this.#services, this.#control, identities);
    this.#services.configureWays(settings, this.#generation.context.wayMakers);
    await this.#begin(settings);
  }

  /** Loads the page: it is no part of a daemon whose settings want none (docs/benchmarks.md). */
  async #newWeb(): Promise<Web> {
    const { takeSocket, predecessor } = this.#supervisor;
    const { Web } = await import("../web/web.js");
    return new Web({
      ...this.#services,
      ...{ takeSocket, predecessor },
      admission: () => this.#generation.admission,
      reporter: this.reporter,
      controls: webControls(this.#services, () => this.#generation.settings, this.#control),
    });
  }

  /** Loads the parts of the program that these settings want, before anything obeys them. */
  async #load(settings: Settings): Promise<void> {
    const facts = () => this.reporter.facts();
    await Promise.all([this.#features.load(settings), this.#services.load(settings, facts)]);
    if (settings.webPort > 0) this.#web ??= await this.#newWeb();
  }
}
