import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "../core/net/address.js";

/** Makes a UDP socket for the family of an address. It sends to addresses only, so nothing is looked up. */
export function datagramSocket(address: string): Socket {
  const family = isIPv6(address) ? 6 : 4;
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    lookup: (host, _options, callback) => callback(null, host, family),
  });
}

/**
 * Binds a UDP socket.
 *
 * @param port 0: one that the kernel chooses
 * @param address of this machine, or of a group; left out: all
 * @throws {NodeJS.ErrnoException} such as `EADDRINUSE`
 */
export async function bindDatagrams(socket: Socket, port: number, address?: string): Promise<void> {
  const listening = once(socket, "listening"); // may be told at once
  socket.bind({ port, exclusive: true, ...(address !== undefined && { address }) });
  await listening;
}

/** Has a socket of Node work with a descriptor of the same family that is bound already. */
export async function adoptDatagrams(socket: Socket, fd: number): Promise<void> {
  const listening = once(socket, "listening");
  socket.bind({ fd });
  await listening;
}
