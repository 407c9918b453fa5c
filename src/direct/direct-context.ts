import type { Alerts } from "../alerts/alerts.js";
import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";

/** What the servers of `[direct]` lines need of the daemon. */
export interface DirectContext extends DialContext {
  readonly log: Log;
  readonly alerts: Alerts;
}
