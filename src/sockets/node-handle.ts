import { readSync } from "node:fs";
import { type Server, Socket } from "node:net";
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

/** A connection inside Node: as it sends it to another process, and gives it there (`process.send(message, handle)`). */
export type SocketHandle = object;

/**
 * The handle of a connection of plain TCP. Node sends it to another process without closing it here.
 *
 * @returns undefined while something of the socket is unsent, once it is closed, or where Node keeps no handle inside
 */
export function quietHandleOf(socket: Socket): SocketHandle | undefined {
  const { destroyed, errored, writableLength, writableEnded, writableFinished } = socket;
  const isQuiet = !destroyed && errored === null && writableLength === 0 && writableEnded === writableFinished;
  return isQuiet ? ((socket as unknown as Holder)._handle ?? undefined) : undefined;
}

/** The descriptor of a server that listens; undefined where it does not, or Node keeps no handle inside. */
export function listeningDescriptor(server: object): number | undefined {
  const fd = (server as Holder)._handle?.fd ?? -1;
  return fd < 0 ? undefined : fd;
}

interface DatagramHandle {
  readonly fd: number;
  recvStop(): void;
}

/** The descriptor of a bound UDP socket, and what ends its reading: sending goes on. Undefined where Node keeps no handle inside. */
export function datagramDescriptor(socket: object): { readonly fd: number; stopReading(): void } | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
  if (symbol === undefined) return undefined;
  const { handle } = (socket as { readonly [symbol]?: { readonly handle?: DatagramHandle } })[symbol] ?? {};
  return handle === undefined || handle.fd < 0 ? undefined : { fd: handle.fd, stopReading: () => handle.recvStop() };
}

/** The handle inside a server, as far as it accepts connections. */
interface ListeningHandle {
  onconnection?: (this: ListeningHandle, error: number, accepted?: SocketHandle) => void;
}

/**
 * Has the sockets that a server accepts made by `make`, in place of Node. To be called whenever the server has begun to listen; where Node keeps
 * no handle inside, Node goes on making them.
 *
 * @param make returns undefined for one that Node is to make
 */
export function makeAccepted(server: Server, make: (accepted: SocketHandle) => Socket | undefined): void {
  const listening = (server as unknown as { _handle?: ListeningHandle | null })._handle;
  const byNode = listening?.onconnection;
  if (!listening || typeof byNode !== "function") return;
  listening.onconnection = function (error, accepted) {
    const socket = error === 0 && accepted !== undefined ? make(accepted) : undefined;
    if (socket === undefined) byNode.call(this, error, accepted);
    else server.emit("connection", socket);
  };
}

/**
 * Moves a connection out of a socket of Node into a new one, paused.
 *
 * @param from not to be used any more; it stays without a connection
 * @param buffer what the new one reads into; left out: Node allocates each chunk
 * @returns undefined where Node keeps no handle inside
 */
export function movedSocket(from: Socket, buffer: Pick<ReadBuffer, "onread"> | undefined): Socket | undefined {
  const holder = from as unknown as Holder;
  const handle = holder._handle;
  if (handle === undefined || handle === null) return undefined;
  holder._handle = null;
  return socketOf(handle, buffer);
}

/** Makes a paused socket of a connection. The options are all that Node makes of them: see connectTcp. */
export function socketOf(handle: SocketHandle, buffer: Pick<ReadBuffer, "onread"> | undefined): Socket {
  const options: object = {
    handle,
    onread: buffer?.onread,
    pauseOnCreate: true,
    allowHalfOpen: true,
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  };
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
const LAST_WORDS = Symbol("last words");
const LAST_WORDS_CHUNK_BYTES = 65_536;

interface Hearing extends Socket {
  [LAST_WORDS]?: Socket;
}

/**
 * Keeps what a peer says that resets the connection at once, until {@link lastWordsOf}. Node calls that a connect that has failed, and drops
 * what the kernel still has. To be called before the socket has connected.
 */
export function hearLastWords(socket: Socket): void {
  socket._destroy = destroyHearing;
}

/**
 * What a peer has said before its reset made the connect fail.
 *
 * @returns a socket that has these bytes, and then the end; undefined when there are none
 */
export function lastWordsOf(socket: Socket): Socket | undefined {
  return (socket as Hearing)[LAST_WORDS];
}

/** Only a connection that was there can be reset: a peer that does not listen refuses. */
function destroyHearing(this: Hearing, error: Error | null, done: (error?: Error | null) => void): void {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const fd = (this as unknown as Holder)._handle?.fd ?? -1;
  if (code === "ECONNRESET" && syscall === "connect" && fd >= 0) {
    const bytes = readToEnd(fd);
    const words = bytes.length === 0 ? undefined : movedSocket(this, undefined);
    words?.unshift(bytes);
    if (words !== undefined) this[LAST_WORDS] = words;
  }
  Socket.prototype._destroy.call(this, error, done);
}

/** Reads what the kernel has of a peer that is gone: it has taken no more than the window of a connection of which nothing was read. */
function readToEnd(fd: number): Buffer {
  const chunks: Buffer[] = [];
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(LAST_WORDS_CHUNK_BYTES);
      const bytes = readSync(fd, chunk);
      if (bytes === 0) break;
      chunks.push(chunk.subarray(0, bytes));
    }
  } catch {
    // the end, by an error
  }
  return Buffer.concat(chunks);
}

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
