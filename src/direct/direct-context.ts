import type { Alerts } from "../alerts/alerts.js";
import type { Settings } from "../core/config/settings.js";
import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { MqttBridges, MqttContext } from "../mqtt/mqtt-publisher.js";

/** The parts of the daemon that `[direct]` lines use. */
export interface DirectContext extends DialContext, MqttContext<MqttBridges> {
  readonly settings: Pick<Settings, "keepalive" | "alertUrl">;
  readonly log: Log;
  readonly alerts: Alerts;
}

/** What connections without a client use, too. */
export interface StandingContext extends DirectContext {
  readonly monitor: Pick<Monitor, "addStream">;
}
