import type { Socket } from "node:net";
import { type HostPort, isLoopback, plainAddress } from "../core/net/address.js";
import { endpointKey } from "../core/net/proc-net-tcp.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import { type End, type EndEvents, guarded, IGNORE_EVENTS } from "./end.js";
import { closeByReset, errorBehindEnd, movedSocket, quietHandleOf, readNothingAhead } from "./node-handle.js";
import type { ReadBuffer } from "./read-buffer.js";
import { isTls, securityOf, TlsEnd } from "./tls-end.js";
import { untakenBytes } from "./untaken-bytes.js";

/** Chunks, allocated by Node, that a time slice takes without a look at the clock: a TLS record may have one byte, and then takes microseconds. */
const FREE_CHUNKS = 4;
const SOON_MS = 1000; // the kernel counts keepalive in whole seconds
const NOTHING = Buffer.alloc(0); // its callback tells when what is before it has left, or why it cannot
const END = Symbol("end");

/** A socket that knows its end. So all sockets share their listeners, and an idle one costs little memory. */
interface OwnedSocket extends Socket {
  [END]: StreamEnd;
}

/** The stream socket below an end; undefined where there is none. */
export function streamOf(end: End): StreamEnd | undefined {
  const { base = end } = end;
  return base instanceof StreamEnd ? base : undefined;
}

/** A stream socket (TCP or TLS) as one end of a relay. */
export class StreamEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  /** Somebody besides the owner who cares for its end; `destroying` returns whether it closes the connection itself, in its own time. */
  keeper: { destroying(): boolean; gone(): void } | undefined;
  readonly peerAddress: string;
  readonly peerPort: number;
  #socket: Socket;
  readonly #keepaliveMs: number;
  readonly #buffer: ReadBuffer | undefined;
  #ownKey: string | undefined;
  #peerKey: string | undefined;
  #draining = false;
  #isProbed = false;
  #wanted = false; // the owner asks for data
  #yielding = false; // reading continues in the next pass of the event loop
  /** Its share of a pass of the event loop, where no {@link ReadBuffer} limits that. */
  readonly #slice: TimeSlice | undefined;
  readonly #tlsEnd: TlsEnd | undefined;
  #error: Error | undefined;
  #broken: Error | undefined; // why nothing can be written any more, while the last words of the peer are read

  /**
   * @param socket connected, with `allowHalfOpen`, and paused until {@link resume}
   * @param keepaliveMs silence after which the kernel probes the peer; ten probes without an answer, a second apart, end the connection
   * @param buffer the read buffer that the socket was made with; without one, Node allocates each chunk
   * @param peer address and port of the peer, where the socket does not know them
   * @param broken the error behind what is still to be read, of a peer that has reset the connection already
   */
  constructor(socket: Socket, keepaliveMs: number, buffer?: ReadBuffer, peer?: HostPort, broken?: Error) {
    this.#socket = socket;
    this.#broken = broken;
    this.#keepaliveMs = keepaliveMs;
    this.#buffer = buffer;
    if (buffer === undefined) {
      this.#slice = new TimeSlice(() => this.#readRest(), FREE_CHUNKS);
      readNothingAhead(socket);
    }
    this.peerAddress = peer?.host ?? plainAddress(socket.remoteAddress ?? "");
    this.peerPort = peer?.port ?? socket.remotePort ?? 0;
    socket.setNoDelay(true);
    this.#tlsEnd = isTls(socket) ? new TlsEnd(socket) : undefined;
    if (buffer !== undefined) buffer.reader = this;
    this.#listen(socket);
  }

  /** Our own address; empty once the connection is closed. */
  get localAddress(): string {
    return plainAddress(this.#socket.localAddress ?? "");
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Our side's key in the kernel's table of sockets: see {@link endpointKey}. */
  get ownKey(): string {
    this.#ownKey ??= endpointKey(this.localAddress, this.localPort);
    return this.#ownKey;
  }

  /** The peer's key in that table. */
  get peerKey(): string {
    this.#peerKey ??= endpointKey(this.peerAddress, this.peerPort);
    return this.#peerKey;
  }

  /** Whether the peer of the socket is a program on this machine: the kernel's table has its side, too. */
  get isPeerHere(): boolean {
    return isLoopback(this.peerAddress) || this.peerAddress === this.localAddress;
  }

  /** A broken end has one for ever: nobody is to write any more. */
  get unsent(): number {
    return this.#broken === undefined ? this.#socket.writableLength : 1;
  }

  get gone(): boolean {
    return this.#socket.destroyed;
  }

  /** The peer has sent FIN, and everything before it has been read; or the connection is closed. */
  get hasEnded(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  /** The kernel takes nothing more: the peer has reset the connection. Its {@link EndEvents.closed} may still be to come. */
  get isBroken(): boolean {
    return this.#broken !== undefined || this.#socket.destroyed || this.#socket.errored !== null;
  }

  /** Bytes written, the {@link unsent} ones included. */
  get bytesSent(): number {
    return this.#socket.bytesWritten;
  }

  /** Those of the {@link unsent} bytes that the kernel really has not taken: it may have a part of the first ones. */
  get untaken(): number {
    return untakenBytes(this.#socket);
  }

  /** Bytes read from the kernel. */
  get bytesReceived(): number {
    return this.#socket.bytesRead;
  }

  /** Whether data is asked for. */
  get reading(): boolean {
    return !this.#socket.destroyed && this.#wanted;
  }

  /** The version of TLS that is spoken, and the name in the peer's certificate where that was asked for; undefined without TLS. */
  get security(): string | undefined {
    return isTls(this.#socket) ? securityOf(this.#socket) : undefined;
  }

  /** Hands a chunk on to the listener. */
  receive(chunk: Buffer): void {
    try {
      this.events.data(chunk);
    } catch (error) {
      this.events.fault(error);
    }
  }

  write(chunk: Buffer | string): void {
    const socket = this.#socket;
    if (!socket.writable || this.#broken !== undefined) return;
    const isIdle = socket.writableLength === 0 && this.#tlsEnd === undefined;
    // The kernel takes most chunks at once, and Node would make a task of the callback (docs/benchmarks.md).
    socket.write(chunk, isIdle ? undefined : this.#onWritten);
    if (socket.writableLength > 0) this.#draining = true;
    if (isIdle && (this.#draining || socket.errored !== null)) socket.write(NOTHING, this.#onWritten);
  }

  /**
   * Has the kernel probe a silent peer, if it does not yet. The kernel counts the silence from the last segment, whenever it is told.
   *
   * @param isSoon each second, to find a peer that has been restarted and knows nothing; false: at the usual time again
   */
  probe(isSoon?: boolean): void {
    if (isSoon === undefined && this.#isProbed) return;
    this.#isProbed = true;
    this.#socket.setKeepAlive(true, isSoon ? SOON_MS : this.#keepaliveMs);
  }

  /** From now on, one write of the peer becomes one datagram, and so is read at once. */
  expectDatagrams(): void {
    this.#buffer?.expectDatagrams();
  }

  /** From now on, no read brings more bytes than this. TLS brings 16 KiB at most, whatever the limit. */
  readAtMost(bytes: number): void {
    this.#buffer?.limit(bytes);
  }

  pause(): void {
    this.#wanted = false;
    this.#socket.pause();
  }

  resume(): void {
    this.#wanted = true;
    this.#readOn();
  }

  /** Lets other connections be served first: reading continues in the next pass of the event loop. */
  yield(): void {
    if (this.#yielding) return;
    this.#yielding = true;
    this.#socket.pause();
    setImmediate(StreamEnd.#endYield, this);
  }

  /** What another process needs to go on with the connection: plain TCP, of which nothing is unsent. Undefined: it cannot, or not now. */
  get handle(): object | undefined {
    const isPlain = this.#buffer !== undefined && this.#tlsEnd === undefined && this.#broken === undefined;
    return isPlain && this.peerPort !== 0 ? quietHandleOf(this.#socket) : undefined;
  }

  /** The chunk that is being handed on stays in use for longer: the next read takes other memory. To be called before the listener returns. */
  keepChunk(): void {
    this.#buffer?.keep();
  }

  end(): void {
    if (!this.#socket.writableEnded && this.#broken === undefined) this.#socket.end();
  }

  destroy(error?: Error): void {
    if (this.hasEnded || this.keeper?.destroying() !== true) this.#socket.destroy(error);
  }

  /** Cuts the connection by RST: the peer sees an error, whatever it has sent or been sent. */
  reset(): void {
    closeByReset(this.#socket);
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    const owned = socket as OwnedSocket;
    owned[END] = this;
    if (this.#buffer === undefined) owned.on("data", StreamEnd.#onData);
    owned.on("end", StreamEnd.#onEnd);
    owned.on("finish", StreamEnd.#onFinish);
    owned.on("error", StreamEnd.#onError);
    owned.on("close", StreamEnd.#onClose);
    socket.pause();
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (error) this.#break(error);
    if (!this.#draining || this.#socket.writableLength > 0) return;
    this.#draining = false;
    this.#tell("drained");
  };

  /**
   * A peer that closes while it is being sent something may have said why: a web server refuses an upload so. The kernel still has these
   * bytes, but Node gives up a socket at the first write that fails. So the connection moves to another socket, which only reads, unless
   * the owner has stopped reading and knows nothing of {@link EndEvents.broken}: it would wait for `drained`. Called before Node gives up.
   */
  #break(error: Error): void {
    if (this.#broken !== undefined || isTls(this.#socket)) return;
    if (!this.#wanted && this.events.broken === undefined) return;
    const socket = movedSocket(this.#socket, this.#buffer);
    if (socket === undefined) return;
    this.#broken = error;
    this.#socket = socket;
    this.#listen(socket);
    guarded(this, () => this.events.broken?.());
    this.#readOn();
  }

  #tell(event: "eof" | "drained" | "finished"): void {
    guarded(this, () => this.events[event]());
  }

  /** Reads, if the owner asks for data and the time slice is not used up. */
  #readOn(): void {
    if (this.#wanted && !this.#yielding && !this.#slice?.yielding) this.#socket.resume();
  }

  /** Continues in a new time slice. What has come meanwhile, in however many chunks, is one chunk now. */
  #readRest(): void {
    if (this.#wanted && !this.#yielding) this.#socket.read(); // which hands it on as data
    this.#readOn();
  }

  static readonly #endYield = (end: StreamEnd): void => {
    end.#yielding = false;
    end.#readOn();
  };

  static readonly #onData = function (this: OwnedSocket, chunk: Buffer): void {
    const end = this[END];
    end.receive(chunk);
    if (end.#slice === undefined || end.#slice.takeStep()) return;
    end.#slice.yield();
    end.#socket.pause();
  };

  static readonly #onEnd = function (this: OwnedSocket): void {
    const end = this[END];
    const error = end.#broken ?? errorBehindEnd(this) ?? end.#tlsEnd?.error;
    if (error === undefined) end.#tell("eof");
    else end.destroy(error);
  };

  static readonly #onFinish = function (this: OwnedSocket): void {
    this[END].#tell("finished");
  };

  static readonly #onError = function (this: OwnedSocket, error: Error): void {
    const end = this[END];
    if (end.#socket === this) end.#error = error;
    this.destroy(); // behind an alert of TLS, Node would leave the socket open
  };

  static readonly #onClose = function (this: OwnedSocket): void {
    const end = this[END];
    if (end.#socket !== this) return; // the connection has moved
    end.#buffer?.release();
    end.keeper?.gone();
    guarded(end, () => end.events.closed(end.#error));
  };
}
