import { createServer, type Server, type Socket } from "node:net";
import { acceptBuffered } from "../sockets/tcp-end.js";
import type { Listener } from "./listener.js";

/** Whether one write of a client becomes one datagram to its remote. */
export function sendsDatagrams({ route }: Pick<Listener, "route">): boolean {
  return route?.options.transport === "udp";
}

/**
 * Makes the server of a port or a Unix socket.
 *
 * @param listener whose clients it takes, as it is now
 * @param admit is given each accepted socket, paused
 */
export function streamServer(listener: () => Listener, admit: (socket: Socket) => void): Server {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, admit);
  server.on("listening", () => acceptBuffered(server, () => plainReading(listener())));
  return server;
}

/** How a client's socket is read that is relayed as it is; undefined where TLS or a proxy's header comes first, and on Unix sockets. */
function plainReading(listener: Listener): { readonly datagrams: boolean } | undefined {
  const { tls, path, proxies } = listener;
  const isPlain = tls === undefined && path === undefined && proxies === undefined;
  return isPlain ? { datagrams: sendsDatagrams(listener) } : undefined;
}
