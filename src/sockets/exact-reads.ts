import type { Socket } from "node:net";
import { movedSocket } from "./node-handle.js";

/** Reads of the bytes behind those that were wanted, where a program has Node read them: as Node itself would. */
const FURTHER_BYTES = 65_536;

/**
 * Reads no more of a connection than what is wanted: the kernel keeps the rest, for whoever the socket is given to next.
 *
 * @param accepted just accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more
 * @param wanted most bytes of the first read
 * @param take takes what a read has brought, and returns the most bytes of the next one; 0: there is none. The chunk is its own
 * @returns the socket, paused: `resume` begins to read. Undefined where Node keeps no handle inside
 */
export function readExactly(accepted: Socket, wanted: number, take: (chunk: Buffer) => number): Socket | undefined {
  let next = wanted;
  const onread = {
    buffer: () => Buffer.allocUnsafe(next === 0 ? FURTHER_BYTES : next),
    callback: (bytes: number, memory?: Uint8Array): boolean => {
      const chunk = (memory as Buffer).subarray(0, bytes);
      if (next === 0) return socket?.push(chunk) ?? false;
      next = take(chunk);
      return next > 0;
    },
  };
  const socket = movedSocket(accepted, { onread });
  return socket;
}
