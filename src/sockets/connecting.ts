import type { Socket } from "node:net";
import { canonicalAddress, formatHostPort } from "../core/net/address.js";
import { hearLastWords, lastWordsOf } from "./node-handle.js";

/** Told how an attempt to connect has ended, once. */
export interface Outcome<T> {
  connected(result: T): void;
  failed(error: Error): void;
}

/** An attempt to connect that is under way. */
export interface Attempt {
  /** Gives up, and tells nothing more. After its outcome it does nothing. */
  cancel(): void;
  /** Why nothing is connected yet, where something is known of that. */
  readonly lastError?: Error | undefined;
}

/**
 * Waits for a socket that connects by TCP. Everything that opens a connection waits here.
 *
 * Where nobody listens on a local port of the range from which the kernel takes ours, the kernel may take that very port, and connect the
 * socket to itself (simultaneous open, RFC 9293, section 3.5). It would hear its own bytes, and keep the port from its service. So that
 * counts as refused.
 *
 * @param wasReset takes what a peer has said that has reset the connection at once, and the error behind that; left out: the attempt has failed
 */
export function whenConnected<T extends Socket>(
  socket: T,
  outcome: Outcome<T>,
  wasReset?: (words: Socket, error: Error) => void,
): Attempt {
  if (wasReset !== undefined) hearLastWords(socket);
  const failed = (error: Error): void => {
    const words = lastWordsOf(socket);
    if (words === undefined) outcome.failed(error);
    else wasReset?.(words, error);
  };
  socket.on("error", failed);
  socket.once("connect", () => {
    if (isSelfConnected(socket)) {
      const error = refused(socket);
      socket.resetAndDestroy(); // a FIN would keep the port for another minute
      outcome.failed(error);
      return;
    }
    socket.off("error", failed); // it keeps the whole attempt in memory
    outcome.connected(socket);
  });
  return { cancel: () => socket.destroy() };
}

/** Whether both ends of a connected socket are the same. */
function isSelfConnected(socket: Socket): boolean {
  if (socket.localPort !== socket.remotePort) return false;
  const { localAddress = "", remoteAddress = "" } = socket;
  return canonicalAddress(localAddress) === canonicalAddress(remoteAddress);
}

/** The error that Node has for a connection that is refused. */
function refused({ remoteAddress = "", remotePort = 0 }: Socket): NodeJS.ErrnoException {
  const where = formatHostPort({ host: remoteAddress, port: remotePort });
  return Object.assign(new Error(`connect ECONNREFUSED ${where}`), { code: "ECONNREFUSED", syscall: "connect" });
}
