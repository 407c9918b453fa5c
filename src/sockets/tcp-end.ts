import { connect, type Server, Socket } from "node:net";
import { type HostPort, plainAddress } from "../core/net/address.js";
import { makeAccepted, movedSocket, type SocketHandle, socketOf } from "./node-handle.js";
import { ProxiedEnd } from "./proxied-end.js";
import { ReadBuffer } from "./read-buffer.js";
import { StreamEnd } from "./stream-end.js";

/**
 * Begins to connect by TCP. The options are what Node makes of them: what it would add to its copy made V8 write a hidden class for each
 * socket, which takes 6 µs, and a kilobyte that only a full garbage collection frees.
 *
 * @param place an address of IP, or of a name
 * @param readLimit most bytes of one read; 0: no limit
 * @param keepaliveMs see {@link StreamEnd}
 * @returns the socket, paused; `adopt` makes an end of it once it is connected
 */
export function connectTcp(
  { host, port }: HostPort,
  readLimit: number,
  keepaliveMs: number,
): { socket: Socket; adopt: () => StreamEnd } {
  const buffer = new ReadBuffer(readLimit, false);
  const options = {
    host,
    port,
    onread: buffer.onread,
    allowHalfOpen: true,
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  };
  const socket = connect(options);
  socket.pause(); // nothing is read before somebody listens
  return { socket, adopt: () => new StreamEnd(socket, keepaliveMs, buffer) };
}

/**
 * Makes an end of the last words of a peer that has reset the connection: it is read to them, and to the error.
 *
 * @param peer the socket does not know it any more
 */
export function resetTcp(
  socket: Socket,
  error: Error,
  peer: HostPort,
  keepaliveMs: number,
): ReturnType<typeof connectTcp> {
  return { socket, adopt: () => new StreamEnd(socket, keepaliveMs, undefined, peer, error) };
}

const BUFFER = Symbol("read buffer");

/** A socket that knows what it reads into. */
interface BufferedSocket extends Socket {
  [BUFFER]?: ReadBuffer;
}

/**
 * Makes the sockets that a server accepts ready for {@link acceptTcp}, which would otherwise move their connections: a socket of Node less for each.
 *
 * @param server with `pauseOnConnect` and `allowHalfOpen`; it has begun to listen
 * @param reading how the next one is to read; undefined: it is not for {@link acceptTcp}
 */
export function acceptBuffered(server: Server, reading: () => { readonly datagrams: boolean } | undefined): void {
  makeAccepted(server, (accepted) => {
    const how = reading();
    if (how === undefined) return undefined;
    const buffer = new ReadBuffer(0, how.datagrams);
    const socket: BufferedSocket = socketOf(accepted, buffer);
    socket[BUFFER] = buffer;
    return socket;
  });
}

/**
 * Makes an end of an accepted socket.
 *
 * Node offers `onread` for sockets that connect, not for accepted ones, though one constructor makes both. So this function moves the
 * connection into a socket made with `onread`: measured, that takes half the CPU per byte, and 40 MiB off the garbage of a bulk transfer.
 *
 * @param accepted just accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more
 * @param keepaliveMs see {@link StreamEnd}
 * @param datagrams whether one write of the client becomes one datagram
 * @param client whom the peer speaks for, where it is a proxy
 */
export function acceptTcp(accepted: Socket, keepaliveMs: number, datagrams: boolean, client?: HostPort): StreamEnd {
  const own = (accepted as BufferedSocket)[BUFFER];
  const buffer = own ?? new ReadBuffer(0, datagrams);
  const { remoteAddress = "", remotePort = 0 } = accepted; // it has asked the kernel already
  const socket = own === undefined ? movedSocket(accepted, buffer) : accepted;
  if (client !== undefined) return new ProxiedEnd(socket ?? accepted, keepaliveMs, socket && buffer, client);
  if (socket === undefined) return new StreamEnd(accepted, keepaliveMs);
  return new StreamEnd(socket, keepaliveMs, buffer, { host: plainAddress(remoteAddress), port: remotePort });
}

/**
 * Makes an end of a connection that another process has handed over.
 *
 * @param readLimit most bytes of one read; 0: no limit
 * @param keepaliveMs see {@link StreamEnd}
 * @param peer its address: the kernel tells none once the peer has reset the connection, and that of a proxy which speaks for it
 */
export function adoptTcp(
  handle: SocketHandle,
  readLimit: number,
  keepaliveMs: number,
  peer: HostPort,
): { readonly end: StreamEnd; readonly socket: Socket } {
  const buffer = new ReadBuffer(readLimit, false);
  const socket = socketOf(handle, buffer);
  const { remoteAddress, remotePort } = socket;
  const isOwn = remoteAddress === undefined || (plainAddress(remoteAddress) === peer.host && remotePort === peer.port);
  const Kind = isOwn ? StreamEnd : ProxiedEnd;
  return { socket, end: new Kind(socket, keepaliveMs, buffer, peer) };
}

/** An end that is closed already: its peer has gone while another process had the connection. */
export function goneTcp(peer: HostPort): StreamEnd {
  return new StreamEnd(new Socket().destroy(), 0, undefined, peer);
}
