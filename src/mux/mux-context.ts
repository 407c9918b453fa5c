import type { DialContext } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { DeadPeers } from "../sockets/dead-peers.js";

/** What a mux needs of the daemon. */
export interface MuxContext extends DialContext {
  readonly log: Log;
  readonly deadPeers: DeadPeers;
  readonly monitor: Monitor;
}
