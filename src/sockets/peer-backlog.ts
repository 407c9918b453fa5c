import { NO_BACKLOG, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { SocketTable } from "../system/socket-table.js";
import type { End } from "./end.js";
import { streamOf } from "./stream-end.js";

/** What the peer of an end has been sent and has not taken yet, as the kernel tells. */
export async function peerBacklog(end: End, sockets: SocketTable): Promise<PeerBacklog> {
  const stream = streamOf(end);
  if (stream === undefined || stream.gone || stream.peerPort === 0) return NO_BACKLOG;
  const { ownKey: own, peerKey: peer } = stream;
  const [ours, theirs] = await Promise.all([sockets.row(own, peer), sockets.row(peer, own)]);
  return { unacknowledged: ours?.unacknowledged ?? 0, unread: theirs?.unread ?? 0 };
}
