import { readSync } from "node:fs";
import { Socket } from "node:net";
import type { ReadBuffer } from "./read-buffer.js";

/** What this module knows of the handle inside a socket of Node: of a TCP socket, a Unix socket, or of TLS on top of one of them. */
interface Handle {
  readonly fd?: number;
  readonly bytesRead?: number;
  /** The handle below TLS. */
  readonly _parent?: Handle;
  close(closed: () => void): void;
  /** The same by RST; TCP only. Whatever it returns, the handle is closed. */
  reset?(closed: () => void): void;
}

interface Holder {
  _handle?: Handle | null;
}

/**
 * Moves a connection out of a socket of Node into a new one, paused.
 *
 * @param from not to be used any more; it stays without a connection
 * @param buffer what the new one reads into; left out: Node allocates each chunk
 * @returns undefined where Node keeps no handle inside
 */
export function movedSocket(from: Socket, buffer: ReadBuffer | undefined): Socket | undefined {
  const holder = from as unknown as Holder;
  const handle = holder._handle;
  if (handle === undefined || handle === null) return undefined;
  holder._handle = null;
  const reading = buffer === undefined ? {} : { onread: buffer.onread };
  const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true, ...reading };
  return new Socket(options);
}

/**
 * Has a socket close by RST when it is destroyed. Node can do that for plain TCP only (`resetAndDestroy`); TLS has TCP below. A Unix socket
 * has no reset, and libuv refuses one while the FIN is about to leave.
 */
export function closeByReset(socket: Socket): void {
  const { _handle: own } = socket as unknown as Holder;
  const handle = own?._parent ?? own;
  const { writableEnded, writableFinished, writableLength } = socket;
  const isEnding = writableEnded && !writableFinished && writableLength === 0;
  if (isEnding || handle === undefined || handle === null || typeof handle.reset !== "function") return;
  handle.close = handle.reset;
}

/** Bytes that have come from the network for a TLS socket; undefined where Node keeps no handle inside. */
export function rawBytesRead(socket: Socket): number | undefined {
  return (socket as unknown as Holder)._handle?._parent?.bytesRead;
}

const ONE_BYTE = Buffer.alloc(1);

/**
 * The error behind the last byte of a socket whose reading has ended. Node says "end" where a reset came together with bytes before it:
 * libuv takes the hang-up of both directions for a FIN, and never asks for the error (`uv__stream_io`).
 *
 * @returns undefined when the peer has sent FIN
 */
export function errorBehindEnd(socket: Socket): Error | undefined {
  const fd = (socket as unknown as Holder)._handle?.fd ?? -1;
  if (fd < 0) return undefined;
  try {
    readSync(fd, ONE_BYTE);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EAGAIN" ? undefined : Object.assign(new Error(`read ${code}`), { code });
  }
}

/**
 * Keeps Node from reading ahead. It would read 16 KiB: as TLS records of a byte each, that is 50 ms of work at a time. For sockets that a
 * TLS server has accepted, Node has no option for that.
 */
export function readNothingAhead(socket: Socket): void {
  const { _readableState: state } = socket as unknown as { readonly _readableState?: { highWaterMark: number } };
  if (state !== undefined) state.highWaterMark = 1;
}
