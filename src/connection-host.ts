import type { Access } from "./access.js";
import type { Alerts } from "./alerts.js";
import type { AnnouncerHost } from "./announcer.js";
import type { Connection } from "./connection.js";
import type { HostPort } from "./core/address.js";
import type { Settings } from "./core/config/settings.js";
import type { DaemonReport } from "./core/status.js";
import type { Farewells } from "./farewells.js";
import type { Listener } from "./listeners/listener.js";
import type { Log } from "./log.js";
import type { LostPeers } from "./lost-peers.js";
import type { Monitor } from "./monitor/monitor.js";
import type { OwnSockets } from "./own-sockets.js";
import type { Port } from "./port.js";
import type { SocketTable } from "./socket-table.js";

/** What a connection needs of the daemon. */
export interface ConnectionHost extends AnnouncerHost {
  readonly settings: Settings;
  readonly access: Access;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly sockets: SocketTable;
  /** Take over what a connection has not told when it is gone. */
  readonly farewells: Farewells;
  readonly lostPeers: LostPeers;
  readonly own: OwnSockets;
  readonly monitor: Monitor;
  status(): DaemonReport;
  stop(reason: string): void;
  /** Has the configuration read again; resolves with what is wrong with it, or with nothing. */
  reload(reason: string): Promise<string | undefined>;
  /** Has this machine be the device of a server, for one service; returns why not, or nothing when it is. */
  beginDevice(server: HostPort, service: HostPort): string | undefined;
  /** Whether a remote can be had without touching what the daemon keeps for itself. */
  roomForRemote(): boolean;
  /** A port that clients can connect to, not open yet. */
  portOf(listener: Listener, ip: string): Port;
  /** Descriptors are taken by remotes, or given back. */
  countRemotes(change: number): void;
  /** A connection has made a step towards its end: see {@link Connection.settled}, {@link Connection.finished}. */
  changed(connection: Connection): void;
}
