import type { DirectStatus } from "../direct/direct-status.js";
import type { FeedStatus } from "../events/feed-status.js";
import type { Problem } from "../health/problem.js";
import type { MonitorStatus } from "../monitor/monitor-status.js";
import type { MqttStatus } from "../mqtt/mqtt-status.js";
import type { MuxStatus } from "../mux/mux-status.js";
import type { HostPort } from "../net/address.js";
import type { DroppedDatagrams } from "../net/datagrams.js";
import type { FailingAction } from "../notify/failed-requests.js";
import type { ConnOptions } from "../options/conn-options.js";
import type { DeviceStatus, TunnelStatus } from "../tunnel/tunnel-status.js";
import type { WebhookStatus } from "../webhook/webhook-status.js";
import type { AlertsStatus } from "./alert.js";
import type { ClientCounts } from "./client-counts.js";
import type { RequestsStatus } from "./requests-status.js";

/** What a connection is doing. */
export type PhaseName = "setup" | "watching" | "linked" | "dialing" | "echo" | "parked" | "closing";

/** All connections whose clients have gone, and that wait for them. */
export interface ParkingStatus {
  readonly connections: number;
  /** Bytes from remotes that wait in them. */
  readonly bytes: number;
}

/** A connection whose client has gone, while it waits for the client. */
export interface ParkedStatus {
  /** Bytes from the remote that wait for the client. */
  readonly bytes: number;
  /** How long the connection still waits, in milliseconds. */
  readonly restMs: number;
}

/** What has been told of one connection on one way, since it was opened. */
export interface NotifyStatus {
  /** `dev/sid/act/pid`; of another way its word and a name: `webhook reactor`. */
  readonly target: string;
  /** Requests that went out, repetitions included. */
  readonly sent: number;
  readonly retried: number;
  /** Requests that the engine rejected, or that failed. */
  readonly failed: number;
  /** The last answer, for people. */
  readonly lastOutcome: string;
  /** For how long every request has failed, in milliseconds; absent: the last one was taken. */
  readonly failingMs?: number;
  /** Time until the last failed request is repeated, in milliseconds; absent: none waits for that. */
  readonly repeatInMs?: number;
}

/** Final notifications of connections that are closed and forgotten. */
export interface FinalNotificationsStatus {
  /** Final notifications in the queue, in flight, or waiting for a repetition. */
  readonly waiting: number;
  /** Final notifications dropped from a full queue since the start. */
  readonly givenUp: number;
}

/** All notifications since the start, or since a reload changed the Luup engine. */
export interface NotificationsStatus extends RequestsStatus, NotificationTroubles {
  readonly farewells: FinalNotificationsStatus;
}

/** What keeps notifications from being taken, of the present engine and of former ones that connections still use. */
export interface NotificationTroubles {
  /** Actions whose notifications fail. */
  readonly failing: readonly FailingAction[];
  /** For how long the engine has taken none, though some wait, in milliseconds; absent: none waits. */
  readonly untakenMs?: number;
  /** The engine cannot be reached: for how long, in milliseconds, and why. */
  readonly away?: { readonly ms: number; readonly why: string };
}

/** One connection, as STAT JSON shows it. Times in milliseconds, sizes in bytes. */
export interface ConnectionStatus extends ConnectionTraffic {
  readonly id: string;
  readonly phase: PhaseName;
  readonly listener: string;
  readonly client: string;
  readonly clientPort: number;
  /** The version of TLS that the client speaks, and the name in its certificate where it was asked for one; absent without TLS. */
  readonly clientTls?: string;
  /** When the daemon accepted the client, in ISO 8601. */
  readonly openedAt: string;
  /** The remote as the client named it. */
  readonly remote?: string;
  readonly remoteAddress?: string;
  readonly options?: ConnOptions;
  readonly ageMs: number;
  /** Time since the last byte from the remote. */
  readonly receiveIdleMs?: number;
  /** Time since the last byte from the client. */
  readonly sendIdleMs?: number;
  /** The sum of `datagramsDropped`. */
  readonly datagramsLost?: number;
  /** Its notifications to the Luup engine. */
  readonly notify?: NotifyStatus;
  /** What other ways have been told of it. */
  readonly tells?: readonly NotifyStatus[];
  /** Of a connection in the phase `parked`. */
  readonly parked?: ParkedStatus;
}

/** A port the daemon accepts connections on. */
export interface ListenerStatus {
  readonly kind: string;
  /** The name that connections show as {@link ConnectionStatus.listener}. */
  readonly name: string;
  /** The address it is bound to, or the path of a Unix socket, whose port is 0. */
  readonly address: string;
  readonly port: number;
  /** The target of its connections, for a listener with a fixed one. */
  readonly remote?: string;
  /** The addresses in `remote`. */
  readonly targets?: readonly HostPort[];
  /** The section `[tls NAME]` whose certificate its clients see, who speak TLS then. */
  readonly tls?: string;
  /** The name of the section of the configuration that it belongs to, where that has one. */
  readonly section?: string;
  /** Why the listener does not accept connections; undefined when it does. */
  readonly problem?: string;
  /** For how long, in milliseconds. */
  readonly problemMs?: number;
}

/** What one connection has carried. */
export interface ConnectionTraffic {
  /** Bytes from the remote. */
  readonly received: number;
  /** Bytes to the remote. */
  readonly sent: number;
  /** Datagrams of both sides that went no further, by reason; absent where neither side is UDP. */
  readonly datagramsDropped?: DroppedDatagrams;
}

/** The traffic since the start, of open and closed connections. */
export interface TrafficStatus {
  /** Accepted connections of clients. */
  readonly connections: number;
  /** Bytes from remotes. */
  readonly received: number;
  /** Bytes to remotes. */
  readonly sent: number;
  /** Connections that ended by a reset of one side, because one side did not answer any more, or because the daemon reset its client. */
  readonly resets: number;
  readonly datagramsDropped: DroppedDatagrams;
}

/** The connections of one listener since the start, open and closed ones. */
export interface LineTraffic extends Pick<ConnectionTraffic, "received" | "sent"> {
  readonly connections: number;
}

/** The daemon, as STAT JSON shows it. The names of the members are an interface (docs/web-and-metrics.md). */
export interface DaemonStatus {
  readonly version: string;
  readonly build: number;
  readonly pid: number;
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly vera: string;
  /** What is wrong now: errors first, those that have lasted longest first. */
  readonly problems: readonly Problem[];
  readonly listeners: readonly ListenerStatus[];
  readonly directs: readonly DirectStatus[];
  readonly muxes: readonly MuxStatus[];
  /** The tunnel servers: one for each `[tunnel]` line. */
  readonly tunnels: readonly TunnelStatus[];
  /** The tunnel servers that this daemon links to as a device. */
  readonly devices: readonly DeviceStatus[];
  readonly monitor: MonitorStatus;
  /** The readers of `/events`; absent until there is a web page. */
  readonly events?: FeedStatus;
  readonly traffic: TrafficStatus;
  /** The part of `traffic` that each listener has, by its name; without those that have had no connection. */
  readonly lines: Readonly<Record<string, LineTraffic>>;
  /** What became of clients that were not served, by the name of the listener; without those that have had none. */
  readonly clients: Readonly<Record<string, ClientCounts>>;
  /** File descriptors: those that clients, remotes and readers of the web page use, and the limit for the whole process where it is known. */
  readonly descriptors: { readonly used: number; readonly limit?: number };
  readonly notifications: NotificationsStatus;
  /** The webhooks of the configuration. */
  readonly webhooks: readonly WebhookStatus[];
  readonly alerts: AlertsStatus;
  /** The link to the MQTT broker; absent where none is configured. */
  readonly mqtt?: MqttStatus;
  /** Connections that wait for their clients; absent until one may be parked. */
  readonly parking?: ParkingStatus;
  readonly logLinesLost: number;
  readonly connections: readonly ConnectionStatus[];
}

/** A connection in a {@link DaemonReport}: makes its status only when the reader asks for it. */
export interface ConnectionReport extends Pick<ConnectionStatus, "id" | "listener" | "phase"> {
  readonly status: ConnectionStatus;
}

/** A {@link DaemonStatus} that makes the status of each connection as the reader takes it: there may be thousands of connections. */
export interface DaemonReport extends Omit<DaemonStatus, "connections"> {
  /** Iterable once. A slow reader misses connections that close meanwhile. */
  readonly connections: Iterable<ConnectionReport>;
}
