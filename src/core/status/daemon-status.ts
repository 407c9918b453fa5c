import type { DirectStatus } from "../direct/direct-status.js";
import type { MonitorStatus } from "../monitor/monitor-status.js";
import { type MuxStatus, muxLine } from "../mux/mux-status.js";
import type { HostPort } from "../net/address.js";
import type { ConnOptions } from "../options/conn-options.js";
import { printable, printableJson } from "../parse/text.js";
import { type DeviceStatus, deviceLine, type TunnelStatus, tunnelLine } from "../tunnel/tunnel-status.js";
import type { AlertsStatus } from "./alert.js";
import type { HistogramStatus } from "./histogram.js";

/** What a connection is doing. */
export type PhaseName = "setup" | "watching" | "linked" | "dialing" | "echo" | "closing";

/** The notifications of one connection so far. */
export interface NotifyStatus {
  /** `dev/sid/act/pid` */
  readonly target: string;
  /** Requests that went out, repetitions included. */
  readonly sent: number;
  readonly retried: number;
  /** Requests that were rejected, or that got no good answer. */
  readonly failed: number;
  readonly lastOutcome: string;
}

/** Final notifications of connections of which nothing else is left. */
export interface FinalNotificationsStatus {
  /** Those that wait for their turn, for their answer, or to be repeated. */
  readonly waiting: number;
  /** Those that made room for later ones, since the start. */
  readonly givenUp: number;
}

/** All notifications since the start, or since the Luup system was changed. */
export interface NotificationsStatus extends RequestsStatus {
  readonly farewells: FinalNotificationsStatus;
}

/** Requests of notifications. */
export interface RequestsStatus {
  /** Requests that wait for their turn: one for a connection at most. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Requests that went out, repetitions included. */
  readonly sent: number;
  /** Attempts that repeated a failed one. */
  readonly retried: number;
  /** Attempts that were rejected, or that got no good answer. */
  readonly failed: number;
  /** From when a request was due until it left. */
  readonly delay: HistogramStatus;
  /** From when it left until it was answered, or given up. */
  readonly answer: HistogramStatus;
}

/** Everything known of one connection. Times in milliseconds, sizes in bytes. */
export interface ConnectionStatus {
  readonly id: string;
  readonly phase: PhaseName;
  readonly listener: string;
  readonly client: string;
  readonly clientPort: number;
  /** When it came, as ISO 8601. */
  readonly openedAt: string;
  /** The remote as the client named it. */
  readonly remote?: string;
  readonly remoteAddress?: string;
  readonly options?: ConnOptions;
  readonly ageMs: number;
  /** Since a byte came from the remote. */
  readonly receiveIdleMs?: number;
  /** Since a byte came from the client. */
  readonly sendIdleMs?: number;
  /** From the remote. */
  readonly received: number;
  /** To the remote. */
  readonly sent: number;
  /** Datagrams dropped because the client did not take them in time, or that could not be sent. */
  readonly datagramsLost?: number;
  readonly notify?: NotifyStatus;
}

/** A port the daemon accepts connections on. */
export interface ListenerStatus {
  readonly kind: string;
  /** What its connections name as their {@link ConnectionStatus.listener}. */
  readonly name: string;
  /** Or the path of a Unix socket, the port being 0. */
  readonly address: string;
  readonly port: number;
  /** Where its connections go, for a listener that decides that itself. */
  readonly remote?: string;
  /** The same, in parts. */
  readonly targets?: readonly HostPort[];
  /** Why it does not accept connections yet. */
  readonly problem?: string;
}

/** What has passed since the start, connections that are there still included. */
export interface TrafficStatus {
  /** Connections of clients. */
  readonly connections: number;
  /** Bytes from remotes. */
  readonly received: number;
  /** Bytes to remotes. */
  readonly sent: number;
}

/** Everything known of the daemon. */
export interface DaemonStatus {
  readonly version: string;
  readonly build: number;
  readonly pid: number;
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly vera: string;
  readonly listeners: readonly ListenerStatus[];
  readonly directs: readonly DirectStatus[];
  readonly muxes: readonly MuxStatus[];
  /** Lines of `[tunnel]`. */
  readonly tunnels: readonly TunnelStatus[];
  /** Servers whose device this machine is. */
  readonly devices: readonly DeviceStatus[];
  readonly monitor: MonitorStatus;
  readonly traffic: TrafficStatus;
  /** Files and sockets: what clients, remotes and readers of the web page take, and what the daemon may have in all, where that is known. */
  readonly descriptors: { readonly used: number; readonly limit?: number };
  readonly notifications: NotificationsStatus;
  readonly alerts: AlertsStatus;
  readonly logLinesLost: number;
  readonly connections: readonly ConnectionStatus[];
}

/** A connection that tells its part of a {@link DaemonStatus} when its turn comes. */
export interface ConnectionReport extends Pick<ConnectionStatus, "id" | "listener" | "phase"> {
  readonly status: ConnectionStatus;
}

/** What a {@link DaemonStatus} is made of: there may be thousands of connections, of which mostly only a few are told of at a time. */
export interface DaemonReport extends Omit<DaemonStatus, "connections"> {
  /** To be gone through once; who does so slowly does not meet those that have gone meanwhile. */
  readonly connections: Iterable<ConnectionReport>;
}

const HEADING = " ID               St Client           Remote              #recv   #xmit Notify";

/** One row in the columns of the seed's sample session; a long value widens its row. */
function row(connection: ConnectionStatus, asking: boolean): string {
  const echo = connection.phase === "echo";
  return [
    (asking ? "*" : " ") + connection.id.padEnd(16),
    (echo ? "2" : "1").padEnd(2),
    connection.client.padEnd(16),
    (connection.remote ?? "").padEnd(17),
    String(connection.received).padStart(7),
    String(connection.sent).padStart(7),
    connection.notify?.target ?? "",
  ]
    .join(" ")
    .trimEnd();
}

/**
 * The answer to STAT in pieces, in the layout of the seed's sample session. Connections that are over, and wait only for the
 * client to close its end, are left out. Shared devices and tunnels follow, a line each.
 *
 * @param askingId the connection that asks, marked `*`
 */
export function* statusTable(report: DaemonReport, askingId: string): Generator<string> {
  yield HEADING;
  for (const connection of report.connections) {
    if (connection.phase === "closing") continue;
    yield `\n${printable(row(connection.status, connection.id === askingId))}`;
  }
  const { muxes, tunnels, devices } = report;
  for (const line of [...muxes.map(muxLine), ...tunnels.map(tunnelLine), ...devices.map(deviceLine)]) {
    yield `\n${printable(line)}`;
  }
}

/** The answer to STAT JSON in pieces: a {@link DaemonStatus} in one line. */
export function* statusJson({ connections, ...daemon }: DaemonReport): Generator<string> {
  yield `${printableJson(daemon).slice(0, -1)},"connections":[`;
  let separator = "";
  for (const { status } of connections) {
    yield separator + printableJson(status);
    separator = ",";
  }
  yield "]}";
}
