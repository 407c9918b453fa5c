import type { DirectStatus, ServerStatus, TelegramsStatus } from "../direct/direct-status.js";
import { DROP_REASONS, type DroppedDatagrams } from "../net/datagrams.js";
import type { ClientCounts } from "../status/client-counts.js";
import type { ConnectionReport, DaemonReport, LineTraffic, ListenerStatus } from "../status/daemon-status.js";
import type { ProcessUsage } from "../status/process-usage.js";
import {
  counter,
  expositionOf,
  gauge,
  lineLabels,
  type Metric,
  optional,
  type Sample,
  samplesOf,
} from "./exposition.js";
import { healthMetrics } from "./health-metrics.js";
import { muxMetrics } from "./mux-metrics.js";
import { notificationMetrics } from "./notification-metrics.js";
import { processMetrics } from "./process-metrics.js";
import { standingMetrics } from "./standing-metrics.js";
import { tunnelMetrics } from "./tunnel-metrics.js";
import { valueMetrics } from "./value-metrics.js";
import { webhookMetrics } from "./webhook-metrics.js";

/** The content type of {@link metricsText}. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The metrics of the daemon, in pieces (docs/web-and-metrics.md). Counters begin at 0 when the daemon starts; those of notifications also
 * when a reload names another Luup engine. No counter is called as a gauge with `_total` behind its name: OpenMetrics would have one name for
 * both.
 */
export function metricsText(report: DaemonReport, usage: ProcessUsage): Generator<string> {
  const { version, uptimeMs, listeners, connections, traffic, descriptors } = report;
  return expositionOf([
    gauge("build_info", "The version of the daemon that runs.", [{ labels: { version }, value: 1 }]),
    gauge("uptime_seconds", "Seconds since the start.", uptimeMs / 1000),
    ...healthMetrics(report.problems),
    gauge("listener_up", "1 while the port accepts connections.", listenerSamples(listeners)),
    gauge("connections_open", "Clients that are connected now.", connectionSamples(listeners, connections)),
    counter("connections_total", "Clients accepted.", traffic.connections),
    ...clientMetrics(report),
    ...trafficMetrics(report),
    counter("received_bytes_total", "Bytes from remotes.", traffic.received),
    counter("sent_bytes_total", "Bytes to remotes.", traffic.sent),
    counter("resets_total", "Connections that ended by a reset, of one side or by the daemon.", traffic.resets),
    counter("datagrams_dropped_total", "Datagrams that went no further.", datagramSamples(traffic.datagramsDropped)),
    ...notificationMetrics(report),
    ...serverMetrics(report.directs),
    ...standingMetrics(report.directs),
    ...muxMetrics(report.muxes),
    ...valueMetrics(report.muxes),
    ...tunnelMetrics(report.tunnels, report.devices),
    ...monitorMetrics(report),
    ...alertMetrics(report),
    ...mqttMetrics(report),
    ...webhookMetrics(report),
    ...parkingMetrics(report),
    gauge(
      "descriptors_used",
      "Files and sockets that clients, remotes and readers of the web page have open.",
      descriptors.used,
    ),
    gauge("descriptors_limit", "Files and sockets that the daemon may have open.", optional(descriptors.limit)),
    counter("log_lines_lost_total", "Log lines that could not be written.", report.logLinesLost),
    ...processMetrics(usage, descriptors.limit),
  ]);
}

function datagramSamples(dropped: DroppedDatagrams): Sample[] {
  return DROP_REASONS.map((reason) => ({ labels: { reason }, value: dropped[reason] }));
}

function clientMetrics({ clients }: DaemonReport): Metric[] {
  const samples = (name: keyof ClientCounts): Iterable<Sample> =>
    samplesOf(Object.entries(clients), ([listener, counts]) => ({ labels: { listener }, value: counts[name] }));
  return [
    counter("silent_connections_total", "Clients that came and went without a byte.", samples("silent")),
    counter("refused_connections_total", "Clients that were turned away.", samples("refused")),
    counter("replaced_connections_total", "Clients that made room for a newer one.", samples("replaced")),
  ];
}

function trafficMetrics({ lines }: DaemonReport): Metric[] {
  const samples = (name: keyof LineTraffic): Iterable<Sample> =>
    samplesOf(Object.entries(lines), ([listener, traffic]) => ({ labels: { listener }, value: traffic[name] }));
  return [
    counter("listener_connections_total", "Clients accepted, by port.", samples("connections")),
    counter("listener_received_bytes_total", "Bytes from remotes, by the port of their clients.", samples("received")),
    counter("listener_sent_bytes_total", "Bytes to remotes, by the port of their clients.", samples("sent")),
  ];
}

/** The servers of all lines, one by one: there may be thousands. */
function* serversOf(directs: readonly DirectStatus[]) {
  for (const line of directs) for (const server of line.servers) yield { line, server };
}

function serverMetrics(directs: readonly DirectStatus[]): Metric[] {
  const servers = (value: (server: ServerStatus) => number): Iterable<Sample> =>
    samplesOf(serversOf(directs), ({ line, server }) => ({
      labels: { ...lineLabels(line), server: server.address },
      value: value(server),
    }));
  const lines = (value: (telegrams: TelegramsStatus) => number): Iterable<Sample> =>
    samplesOf(directs, (line) => ({ labels: lineLabels(line), value: value(line.telegrams) }));
  const isUp = ({ state }: ServerStatus): number => Number(state === "up");
  return [
    gauge("server_up", "1 while a server of [direct] counts as reachable.", servers(isUp)),
    gauge(
      "server_connections_open",
      "Clients connected to a server of [direct].",
      servers(({ active }) => active),
    ),
    counter(
      "server_connections_total",
      "Connections made to a server of [direct] for clients.",
      servers(({ total }) => total),
    ),
    counter(
      "server_failures_total",
      "Attempts to connect to a server of [direct] that failed.",
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

function monitorMetrics({ monitor: { watchers, notShown }, events }: DaemonReport): Metric[] {
  const samples = Object.entries(notShown).map(([place, value]) => ({ labels: { place }, value }));
  return [
    gauge("watchers", "Clients and readers of the web page that watch messages.", watchers),
    counter("messages_not_shown_total", "Messages that could not be shown in time.", samples),
    ...(events === undefined
      ? []
      : [
          gauge("event_readers", "Readers of /events.", events.readers),
          counter("events_left_out_total", "Events that readers of /events were too slow for.", events.leftOut),
        ]),
  ];
}

function alertMetrics({ alerts: { waiting, delivered, givenUp, dropped } }: DaemonReport): Metric[] {
  return [
    gauge("alerts_waiting", "Alerts that wait, with the one under way.", waiting),
    counter("alerts_delivered_total", "Alerts delivered.", delivered),
    counter(
      "alerts_lost_total",
      "Alerts that were not delivered in time, or were dropped to make room.",
      givenUp + dropped,
    ),
  ];
}

/** A line that listens on several addresses has one name: it is up when all are. */
function* listenerSamples(listeners: readonly ListenerStatus[]): Generator<Sample> {
  const up = new Map<string, boolean>();
  for (const { name, problem } of listeners) up.set(name, problem === undefined && up.get(name) !== false);
  yield* samplesOf(up, ([listener, isUp]) => ({ labels: { listener }, value: Number(isUp) }));
}

/** Clients of each listener; also of a listener that a reload has removed, as long as it has some. */
function* connectionSamples(
  listeners: readonly ListenerStatus[],
  connections: Iterable<ConnectionReport>,
): Generator<Sample> {
  const counts = new Map(listeners.filter(({ kind }) => kind !== "web").map(({ name }) => [name, 0]));
  for (const { phase, listener } of connections) {
    if (phase !== "closing" && phase !== "parked") counts.set(listener, (counts.get(listener) ?? 0) + 1);
  }
  yield* samplesOf(counts, ([listener, value]) => ({ labels: { listener }, value }));
}

function parkingMetrics({ parking }: DaemonReport): Metric[] {
  if (parking === undefined) return [];
  return [
    gauge("parked_connections", "Connections that wait for their clients (PARK).", parking.connections),
    gauge("parked_bytes", "Bytes that wait in them.", parking.bytes),
  ];
}

function mqttMetrics({ mqtt }: DaemonReport): Metric[] {
  if (mqtt === undefined) return [];
  const { connected, waiting, published, received, dropped, connects } = mqtt;
  return [
    gauge("mqtt_up", "1 while the MQTT broker is connected.", Number(connected)),
    gauge("mqtt_waiting", "Messages that wait for the broker.", waiting),
    counter("mqtt_published_total", "Messages published, repetitions included.", published),
    counter("mqtt_received_total", "Messages from the broker.", received),
    counter("mqtt_dropped_total", "Messages dropped, because too many waited.", dropped),
    counter("mqtt_connects_total", "Connections to the broker.", connects),
  ];
}
