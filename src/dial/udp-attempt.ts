import type { Socket } from "node:dgram";
import type { HostPort } from "../core/net/address.js";
import { isMulticast } from "../core/net/datagrams.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { Attempt } from "../sockets/connecting.js";
import { bindDatagrams, datagramSocket } from "../sockets/datagram-socket.js";
import { remoteUdpEnd, type UdpEnd } from "../sockets/udp-end.js";
import { type AttemptContext, attemptTarget, type StartAttempt } from "./attempt.js";

/** What the kernel says of a broadcast address, as long as broadcasts are not asked for (ip(7), SO_BROADCAST). */
const IS_BROADCAST = "EACCES";

/** A UDP remote, and its socket. */
interface Opened {
  readonly end: UdpEnd;
  readonly socket: Socket;
}

/** "Connects" by UDP: to the first address of a name that has a route. */
export const attemptUdp: StartAttempt = (request, context, owner) => {
  const outcome = {
    connected: ({ end, socket }: Opened) => owner.connected(end, socket),
    failed: (error: Error) => owner.failed(error),
  };
  return attemptTarget<Opened>(request, context, outcome, (peer, { connected, failed }) => {
    const attempt = new UdpAttempt();
    attempt.open(peer, request, context).then((opened) => opened && connected(opened), failed);
    return attempt;
  });
};

/** Makes a UDP socket for one address. */
class UdpAttempt implements Attempt {
  #socket: Socket | undefined;
  #isCancelled = false;

  /** @returns undefined when it has been cancelled. @throws where there is no route */
  async open(peer: HostPort, { options }: ConnRequest, context: AttemptContext): Promise<Opened | undefined> {
    try {
      const { kind, from } = await routeTo(peer);
      if (this.#isCancelled) return undefined;
      const socket = datagramSocket(peer.host);
      this.#socket = socket;
      await bindDatagrams(socket, 0);
      if (this.#isCancelled) return undefined;
      context.own.sending(socket, from, context.origin);
      return { end: endOf(socket, peer, kind, options.multicastTtl), socket };
    } catch (error) {
      if (this.#isCancelled) return undefined;
      this.#close();
      throw error;
    }
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
