import type { Access } from "../access.js";
import type { SharedCarriers } from "../carriers.js";
import type { Clock } from "../clock.js";
import type { Settings } from "../core/config/settings.js";
import type { Log } from "../log.js";
import type { LostPeers } from "../lost-peers.js";
import type { Monitor } from "../monitor/monitor.js";

/** What a mux needs of the daemon. */
export interface MuxHost {
  readonly clock: Clock;
  readonly access: Access;
  readonly settings: Settings;
  readonly log: Log;
  readonly lostPeers: LostPeers;
  readonly shared: SharedCarriers;
  readonly monitor: Monitor;
  /** Whether a link can be had without touching what the daemon keeps for itself. */
  roomForRemote(): boolean;
  /** Descriptors are taken by links, or given back. */
  countRemotes(change: number): void;
}
