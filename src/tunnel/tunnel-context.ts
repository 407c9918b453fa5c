import type { Listener } from "../accept/listener.js";
import type { Port } from "../accept/port.js";
import type { DialHost } from "../dial/dial.js";
import type { Log } from "../log/log.js";
import type { LostPeers } from "../sockets/dead-peers.js";
import type { SocketTable } from "../system/socket-table.js";

/** What tunnels need of the daemon. */
export interface TunnelHost extends DialHost {
  readonly log: Log;
  readonly lostPeers: LostPeers;
  readonly sockets: SocketTable;
  /** A port that clients can connect to, not open yet. */
  portOf(listener: Listener, ip: string): Port;
  /** Whether a remote can be had without touching what the daemon keeps for itself. */
  roomForRemote(): boolean;
  /** Descriptors are taken by remotes, or given back. */
  countRemotes(change: number): void;
}
