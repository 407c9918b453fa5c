import type { AccessRules } from "../access/access-rules.js";
import type { Alerts } from "../alerts/alerts.js";
import type { Settings } from "../core/config/settings.js";
import type { HostPort } from "../core/net/address.js";
import type { DaemonReport } from "../core/status/daemon-status.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { ConnectionNotifierContext } from "../notify/connection-notifier.js";
import type { FinalNotifications } from "../notify/final-notifications.js";
import type { DeadPeers } from "../sockets/dead-peers.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import type { DescriptorBudget } from "../system/descriptor-budget.js";
import type { SocketTable } from "../system/socket-table.js";
import type { RegisteredConnection } from "./connection-registry.js";

/** What a connection needs of the daemon. */
export interface ConnectionContext extends ConnectionNotifierContext {
  readonly settings: Settings;
  readonly access: AccessRules;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly sockets: SocketTable;
  /** Take over what a connection has not told when it is gone. */
  readonly finalNotifications: FinalNotifications;
  readonly deadPeers: DeadPeers;
  readonly own: OwnSockets;
  readonly descriptors: DescriptorBudget;
  readonly monitor: Monitor;
  status(): DaemonReport;
  stop(reason: string): void;
  /** Has the configuration read again; resolves with what is wrong with it, or with nothing. */
  reload(reason: string): Promise<string | undefined>;
  /** Has this machine be the device of a server, for one service; returns why not, or nothing when it is. */
  beginDevice(server: HostPort, service: HostPort): string | undefined;
  /** A connection has made a step towards its end: see {@link RegisteredConnection}. */
  changed(connection: RegisteredConnection): void;
}
