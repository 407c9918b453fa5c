import type { Socket } from "node:net";

/** What this module knows of the handle inside a socket of Node. */
interface Holder {
  _handle?: { readonly writeQueueSize?: number } | null;
}

/** Bytes that were written to a socket and that the kernel has not taken, of a write that it has taken in part, too. */
export function untakenBytes(socket: Socket): number {
  return (socket as unknown as Holder)._handle?.writeQueueSize ?? socket.writableLength;
}
