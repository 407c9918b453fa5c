import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { DeadPeers } from "../sockets/dead-peers.js";

/** What a mux needs of the daemon. */
export interface MuxContext extends DialContext {
  readonly log: Log;
  readonly deadPeers: DeadPeers;
  readonly monitor: Monitor;
  /** Whether a link can be had without touching what the daemon keeps for itself. */
  roomForRemote(): boolean;
  /** Descriptors are taken by links, or given back. */
  countRemotes(change: number): void;
}
