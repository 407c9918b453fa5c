import type { Alerts } from "../alerts/alerts.js";
import type { MuxLine } from "../core/config/settings.js";
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
  /** Resolves when another process has let go of the device of this line; undefined: none has it. */
  deviceIsFree?(line: MuxLine): Promise<unknown> | undefined;
}
