import type { Listener } from "../accept/listener.js";
import type { Port } from "../accept/port.js";
import type { Alerts } from "../alerts/alerts.js";
import type { DeviceValues, Settings } from "../core/config/settings.js";
import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { DeadPeers } from "../sockets/dead-peers.js";
import type { SocketTable } from "../system/socket-table.js";

/** What tunnels need of the daemon. */
export interface TunnelContext extends DialContext {
  readonly settings: Pick<Settings, "keepalive" | "tlsIdentities"> & DeviceValues;
  readonly log: Log;
  readonly alerts: Pick<Alerts, "linkAlerts">;
  readonly deadPeers: DeadPeers;
  readonly sockets: SocketTable;
  /** Makes a port for clients. It is not open yet. */
  portOf(listener: Listener, ip: string): Port;
}
