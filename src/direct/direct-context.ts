import type { Alerts } from "../alerts/alerts.js";
import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";

/** What the servers of `[direct]` lines need of the daemon. */
export interface DirectContext extends DialContext {
  readonly log: Log;
  readonly alerts: Alerts;
  /** Whether a remote can be had without touching what the daemon keeps for itself. */
  roomForRemote(): boolean;
  /** Descriptors are taken by checks, or given back. */
  countRemotes(change: number): void;
}
