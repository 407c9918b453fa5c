import { pid } from "node:process";
import type { Port } from "../accept/port.js";
import type { Settings } from "../core/config/settings.js";
import { maskPassword } from "../core/config/values.js";
import type { FeedStatus } from "../core/events/feed-status.js";
import type { HealthSource } from "../core/health/health-reply.js";
import type { Problem } from "../core/health/problem.js";
import { type HealthFacts, problemsOf } from "../core/health/problems.js";
import { SteadyMoments } from "../core/health/steady-moments.js";
import type { LineFacts } from "../core/mqtt/line-status.js";
import type { WatchedPlaces } from "../core/setup/watch-request.js";
import type { DaemonReport, ListenerStatus, NotificationsStatus } from "../core/status/daemon-status.js";
import { ALL_LINES, type Gathering, gatherEach, type NamedLine, type WantedLines } from "../core/status/gathering.js";
import { BUILD, VERSION } from "../version.js";
import type { Features } from "./features.js";
import type { Services } from "./services.js";

/** What a reporter looks at. */
export interface ReporterContext {
  readonly services: Services;
  features(): Features;
  /** All that are configured, in the order of the settings. */
  ports(): readonly Port[];
  settings(): Settings;
  /** The readers of `/events`; undefined: there is no page. */
  feed(): FeedStatus | undefined;
}

/** What there is of each line. */
type LineReports = Pick<DaemonReport, "listeners" | "directs" | "muxes" | "tunnels" | "devices">;

/** Says how things stand: for STAT, the web page, metrics, health checks and the broker. */
export class Reporter implements HealthSource, WatchedPlaces {
  readonly #context: ReporterContext;
  readonly #startedAt: number;
  readonly #startedEpochMs: number;
  /** When problems began. */
  readonly #moments = new SteadyMoments();

  constructor(context: ReporterContext) {
    const { clock } = context.services;
    this.#context = context;
    this.#startedAt = clock.now();
    this.#startedEpochMs = clock.epochMs();
  }

  /** What STAT shows. */
  *status(): Gathering<DaemonReport> {
    const { clock, log, monitor, registry, descriptors, ...services } = this.#context.services;
    const lines = yield* this.#lines(ALL_LINES);
    const events = this.#context.feed();
    const report = {
      version: VERSION,
      build: BUILD,
      pid,
      startedAt: log.times.iso(this.#startedEpochMs),
      uptimeMs: Math.round(clock.now() - this.#startedAt),
      vera: maskPassword(this.#context.settings().vera),
      ...lines,
      monitor: monitor.status,
      ...(events && { events }),
      traffic: registry.traffic,
      lines: registry.lines,
      clients: services.clients.all,
      descriptors: {
        used: descriptors.used,
        ...(descriptors.limit !== undefined && { limit: descriptors.limit }),
      },
      notifications: this.#notifications,
      webhooks: services.webhooks?.status ?? [],
      alerts: services.alerts.status,
      ...(services.mqtt?.status !== undefined && { mqtt: services.mqtt.status }),
      ...(services.parking.status !== undefined && { parking: services.parking.status }),
      logLinesLost: log.lost,
      connections: registry.present,
    };
    return { ...report, problems: yield* this.#problems(report) };
  }

  /** What the broker is told of lines. */
  *facts(): Gathering<LineFacts> {
    return { ...(yield* this.#lines(ALL_LINES)), lines: this.#context.services.registry.lines };
  }

  *problems(line?: string): Gathering<readonly Problem[]> {
    if (line === undefined) return (yield* this.status()).problems;
    return yield* this.#problems(yield* this.#lines(({ lineNames: [key] }) => key === line), line);
  }

  get lines(): readonly NamedLine[] {
    const features = this.#context.features();
    return [...features.lines, ...this.#context.ports(), ...features.devices];
  }

  isConnection(id: string): boolean {
    return this.#context.services.registry.find(id) !== undefined;
  }

  isListener(port: number): boolean {
    return this.#context.ports().some(({ number }) => number === port);
  }

  *#lines(wanted: WantedLines): Gathering<LineReports> {
    const { features, ports } = this.#context;
    const listeners: ListenerStatus[] = yield* gatherEach(ports().filter(wanted), ({ status }) => status);
    return { listeners, ...(yield* features().gather(wanted)) };
  }

  *#problems(facts: HealthFacts, line?: string): Gathering<Problem[]> {
    const { clock, log } = this.#context.services;
    const moments = this.#moments.begin(clock.epochMs());
    const problems = yield* problemsOf(facts, (...since) => log.times.iso(moments.before(...since)));
    if (line === undefined) moments.forgetOthers();
    return problems;
  }

  get #notifications(): NotificationsStatus {
    const { luupClients, finalNotifications } = this.#context.services;
    return { ...luupClients.status, farewells: finalNotifications.status };
  }
}
