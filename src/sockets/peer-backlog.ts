import { NO_BACKLOG, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { SocketTable } from "../system/socket-table.js";
import type { End } from "./end.js";
import { streamOf } from "./stream-end.js";

/** The peer has not had the chance to take anything. */
const WAITING: PeerBacklog = { unacknowledged: 1, unread: 0 };

/**
 * Asks the end, or the kernel, what its peer has not taken of what it was sent. Where neither knows, that is nothing, unless the end waits for
 * its turn on a shared link.
 */
export async function peerBacklog(end: End, sockets: SocketTable): Promise<PeerBacklog> {
  if (end.awaitsTurn) return WAITING;
  if (end.peerBacklog !== undefined) return end.peerBacklog;
  const stream = streamOf(end);
  if (stream === undefined || stream.gone || stream.peerPort === 0) return NO_BACKLOG;
  const { ownKey: own, peerKey: peer } = stream;
  const [ours, theirs] = await Promise.all([sockets.row(own, peer), sockets.row(peer, own)]);
  return { unacknowledged: ours?.unacknowledged ?? 0, unread: theirs?.unread ?? 0 };
}
