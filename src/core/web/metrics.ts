import type { DirectStatus, ServerStatus, TelegramsStatus } from "../direct/direct-status.js";
import type { ConnectionReport, DaemonReport, ListenerStatus } from "../status/daemon-status.js";
import type { HistogramStatus } from "../status/histogram.js";
import { expositionOf, type Metric, type Sample } from "./exposition.js";
import { muxMetrics } from "./mux-metrics.js";
import { tunnelMetrics } from "./tunnel-metrics.js";

/** The content type of {@link metricsText}. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * What the daemon tells of itself in pieces, for Prometheus. Counters begin anew with the daemon, those of notifications also when the
 * Luup system is another one.
 */
export function metricsText(report: DaemonReport): Generator<string> {
  const { version, uptimeMs, listeners, connections, traffic, descriptors } = report;
  return expositionOf([
    gauge("build_info", "The version that runs.", [{ labels: { version }, value: 1 }]),
    gauge("uptime_seconds", "Since the start.", uptimeMs / 1000),
    gauge("listener_up", "1 while connections are accepted.", listeners.map(listenerSample)),
    gauge("connections", "Clients that are connected.", connectionSamples(listeners, connections)),
    counter("connections_total", "Clients that were taken in.", traffic.connections),
    counter("received_bytes_total", "Bytes that came from remotes.", traffic.received),
    counter("sent_bytes_total", "Bytes that went to remotes.", traffic.sent),
    ...notificationMetrics(report),
    ...serverMetrics(report.directs),
    ...muxMetrics(report.muxes),
    ...tunnelMetrics(report.tunnels, report.devices),
    ...monitorMetrics(report),
    ...alertMetrics(report),
    gauge(
      "descriptors_used",
      "Files and sockets taken by clients, remotes and readers of the web page.",
      descriptors.used,
    ),
    gauge("descriptors_limit", "Files and sockets the daemon may have.", optional(descriptors.limit)),
    counter("log_lines_lost_total", "Lines of the log that could not be written.", report.logLinesLost),
  ]);
}

function notificationMetrics({ notifications }: DaemonReport): Metric[] {
  const { waiting, inFlight, sent, retried, failed, delay, answer, farewells } = notifications;
  return [
    gauge("notifications_waiting", "Requests that wait for their turn.", waiting),
    gauge("notifications_in_flight", "Requests that wait for their answer.", inFlight),
    counter("notifications_sent_total", "Requests that went out, repetitions included.", sent),
    counter("notifications_retried_total", "Attempts that repeated a failed one.", retried),
    counter("notifications_failed_total", "Attempts that were rejected, or got no good answer.", failed),
    gauge("final_notifications_waiting", "Final ones of connections that are gone.", farewells.waiting),
    counter("final_notifications_lost_total", "Final ones that made room for later ones.", farewells.givenUp),
    histogram("notification_delay_seconds", "From when a request was due until it left.", delay),
    histogram("notification_answer_seconds", "From when a request left until its end.", answer),
  ];
}

function serverMetrics(directs: readonly DirectStatus[]): Metric[] {
  const servers = (value: (server: ServerStatus) => number): Sample[] =>
    directs.flatMap(({ port, servers }) =>
      servers.map((server) => ({ labels: { port: String(port), server: server.address }, value: value(server) })),
    );
  const lines = (value: (telegrams: TelegramsStatus) => number): Sample[] =>
    directs.map(({ port, telegrams }) => ({ labels: { port: String(port) }, value: value(telegrams) }));
  const isUp = ({ state }: ServerStatus): number => Number(state === "up");
  return [
    gauge("server_up", "1 while a server of [direct] can be reached, as far as is known.", servers(isUp)),
    gauge(
      "server_connections",
      "Clients that a server of [direct] has.",
      servers(({ active }) => active),
    ),
    counter(
      "server_connections_total",
      "Connections made for clients.",
      servers(({ total }) => total),
    ),
    counter(
      "server_failures_total",
      "Attempts to connect that failed.",
      servers(({ failures }) => failures),
    ),
    gauge(
      "telegrams_waiting",
      "Conbus telegrams that wait for their turn (RATE).",
      lines(({ waiting }) => waiting),
    ),
    counter(
      "telegrams_sent_total",
      "Conbus telegrams sent under RATE or CACH.",
      lines(({ sent }) => sent),
    ),
    counter(
      "telegrams_cache_hits_total",
      "Conbus reads answered from the last answer (CACH).",
      lines(({ cacheHits }) => cacheHits),
    ),
  ];
}

function monitorMetrics({ monitor: { watchers, notShown } }: DaemonReport): Metric[] {
  const samples = Object.entries(notShown).map(([place, value]) => ({ labels: { place }, value }));
  return [
    gauge("watchers", "Those who watch messages.", watchers),
    counter("messages_not_shown_total", "Messages that could not be shown in time.", samples),
  ];
}

function alertMetrics({ alerts: { waiting, delivered, givenUp, dropped } }: DaemonReport): Metric[] {
  return [
    gauge("alerts_waiting", "Alerts that wait, one under way included.", waiting),
    counter("alerts_delivered_total", "Alerts that were taken.", delivered),
    counter("alerts_lost_total", "Alerts that nobody took in time, or that had to make room.", givenUp + dropped),
  ];
}

function listenerSample({ name, problem }: ListenerStatus): Sample {
  return { labels: { listener: name }, value: Number(problem === undefined) };
}

/** How many clients each listener has; one that is there no more as long as it has some. */
function connectionSamples(listeners: readonly ListenerStatus[], connections: Iterable<ConnectionReport>): Sample[] {
  const counts = new Map(listeners.filter(({ kind }) => kind !== "web").map(({ name }) => [name, 0]));
  for (const { phase, listener } of connections) {
    if (phase !== "closing") counts.set(listener, (counts.get(listener) ?? 0) + 1);
  }
  return [...counts].map(([listener, value]) => ({ labels: { listener }, value }));
}

function optional(value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ value }];
}

function gauge(name: string, help: string, value: number | readonly Sample[]): Metric {
  return metric("gauge", name, help, value);
}

function counter(name: string, help: string, value: number | readonly Sample[]): Metric {
  return metric("counter", name, help, value);
}

function metric(type: Metric["type"], name: string, help: string, value: number | readonly Sample[]): Metric {
  return { name: `sockproxyd_${name}`, type, help, samples: typeof value === "number" ? [{ value }] : value };
}

/** Prometheus counts in each class what is in those below it, too. */
function histogram(name: string, help: string, { classes, sumMs, count }: HistogramStatus): Metric {
  let below = 0;
  const buckets = classes.map(({ upToMs, count: own }): Sample => {
    below += own;
    return { suffix: "_bucket", labels: { le: upToMs === null ? "+Inf" : String(upToMs / 1000) }, value: below };
  });
  const totals: Sample[] = [
    { suffix: "_sum", value: sumMs / 1000 },
    { suffix: "_count", value: count },
  ];
  return metric("histogram", name, help, [...buckets, ...totals]);
}
