import type { DialHost } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { LostPeers } from "../sockets/dead-peers.js";

/** What a mux needs of the daemon. */
export interface MuxHost extends DialHost {
  readonly log: Log;
  readonly lostPeers: LostPeers;
  readonly monitor: Monitor;
  /** Whether a link can be had without touching what the daemon keeps for itself. */
  roomForRemote(): boolean;
  /** Descriptors are taken by links, or given back. */
  countRemotes(change: number): void;
}
