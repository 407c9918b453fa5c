import { endpointKey } from "./core/proc-net-tcp.js";
import type { PeerBacklog } from "./core/silence.js";
import type { End } from "./ends/end.js";
import { type StreamEnd, streamOf } from "./ends/stream-end.js";
import type { SocketTable } from "./socket-table.js";

/** Where nothing is known: an end without a socket of its own, a Unix socket, no table of sockets. */
export const NO_BACKLOG: PeerBacklog = { unacknowledged: 0, unread: 0 };

/** The keys of both ends of a connection: there may be thousands of them to be looked at every second. */
const KEYS = new WeakMap<StreamEnd, readonly [own: string, peer: string]>();

function keysOf(stream: StreamEnd): readonly [own: string, peer: string] {
  let keys = KEYS.get(stream);
  if (keys === undefined) {
    const { localAddress, localPort, peerAddress, peerPort } = stream;
    keys = [endpointKey(localAddress, localPort), endpointKey(peerAddress, peerPort)];
    KEYS.set(stream, keys);
  }
  return keys;
}

/** What the peer of an end has been sent and has not taken yet, as the kernel tells. */
export async function peerBacklog(end: End, sockets: SocketTable): Promise<PeerBacklog> {
  const stream = streamOf(end);
  if (stream === undefined || stream.gone || stream.peerPort === 0) return NO_BACKLOG;
  const [own, peer] = keysOf(stream);
  const [ours, theirs] = [await sockets.row(own, peer), await sockets.row(peer, own)];
  return { unacknowledged: ours?.unacknowledged ?? 0, unread: theirs?.unread ?? 0 };
}
