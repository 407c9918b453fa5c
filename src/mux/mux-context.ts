import type { Alerts } from "../alerts/alerts.js";
import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { MqttContext } from "../mqtt/mqtt-publisher.js";
import type { DeadPeers } from "../sockets/dead-peers.js";

/** The parts of the daemon that a mux uses. */
export interface MuxContext extends DialContext, MqttContext {
  readonly alerts: Pick<Alerts, "deviceDown" | "deviceFound">;
  readonly log: Log;
  readonly deadPeers: DeadPeers;
  readonly monitor: Monitor;
}
