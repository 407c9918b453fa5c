import type { Socket } from "node:dgram";
import type { HostPort } from "../core/net/address.js";
import { isMulticast } from "../core/net/datagrams.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { bindDatagrams, datagramSocket } from "../sockets/datagram-socket.js";
import { remoteUdpEnd, type UdpEnd } from "../sockets/udp-end.js";
import type { Attempt, AttemptContext, AttemptOwner, StartAttempt } from "./attempt.js";
import { resolvePermitted } from "./resolve.js";

/** What the kernel says of a broadcast address, as long as broadcasts are not asked for (ip(7), SO_BROADCAST). */
const IS_BROADCAST = "EACCES";

/** "Connects" by UDP. */
export const attemptUdp: StartAttempt = (request, context, owner) => {
  const attempt = new UdpAttempt();
  attempt.run(request, context, owner).catch((error: Error) => owner.failed(error));
  return attempt;
};

/** Makes a UDP socket for the first address of a name that has a route. */
class UdpAttempt implements Attempt {
  #socket: Socket | undefined;
  #isCancelled = false;

  async run({ target, options }: ConnRequest, context: AttemptContext, owner: AttemptOwner): Promise<void> {
    let problem: unknown = new Error("no address");
    for (const { address } of await resolvePermitted(target, context)) {
      if (this.#isCancelled) return;
      try {
        const peer = { host: address, port: target.port };
        const { kind, from } = await routeTo(peer);
        const socket = datagramSocket(address);
        this.#socket = socket;
        await bindDatagrams(socket, 0);
        if (this.#isCancelled) return;
        context.own.sending(socket, from, context.origin);
        owner.connected(endOf(socket, peer, kind, options.multicastTtl), socket);
        return;
      } catch (error) {
        if (this.#isCancelled) return;
        this.#close();
        problem = error;
      }
    }
    throw problem;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#close();
  }

  #close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** What stands behind an address: one host, or whoever listens to a group or in a network. */
type PeerKind = "host" | "group" | "network";

/** The way to a peer. */
interface Route {
  readonly kind: PeerKind;
  /** The address of this machine that the kernel sends from. */
  readonly from: string;
}

/**
 * Asks the kernel for the way to a peer.
 *
 * @throws {NodeJS.ErrnoException} such as `ENETUNREACH`, where there is none
 */
async function routeTo(peer: HostPort): Promise<Route> {
  const probe = datagramSocket(peer.host);
  try {
    const kind = await connectTo(probe, peer);
    return { kind, from: probe.address().address };
  } finally {
    probe.close();
  }
}

/** Connects a probe, which sends nothing. The kernel refuses a broadcast address to who has not asked for broadcasts. */
async function connectTo(probe: Socket, peer: HostPort): Promise<PeerKind> {
  try {
    await connected(probe, peer);
    return isMulticast(peer.host) ? "group" : "host";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== IS_BROADCAST) throw error;
    probe.setBroadcast(true);
    await connected(probe, peer);
    return "network";
  }
}

function endOf(socket: Socket, peer: HostPort, kind: PeerKind, multicastTtl: number): UdpEnd {
  if (kind === "network") socket.setBroadcast(true);
  if (kind === "group") socket.setMulticastTTL(multicastTtl);
  return remoteUdpEnd(socket, peer, kind === "host" ? "of host" : "of anybody");
}

/** Node hands the error to the callback, though its types do not say so. */
function connected(socket: Socket, { host, port }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.connect(port, host, (error?: Error | null) => (error ? reject(error) : resolve()));
  });
}
