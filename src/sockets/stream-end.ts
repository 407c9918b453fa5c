import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type HostPort, plainAddress } from "../core/net/address.js";
import { endpointKey } from "../core/net/proc-net-tcp.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import { type End, type EndEvents, IGNORE_EVENTS } from "./end.js";
import type { ReadBuffer } from "./read-buffer.js";

/** Chunks of Node's own that are handed on in any turn: they may be of a byte each, as records of TLS are, and then take microseconds. */
const CHEAP_CHUNKS = 4;
const END = Symbol("end");

/** A socket that knows which end it is: so all sockets share their listeners, and an idle one costs little memory. */
interface OwnedSocket extends Socket {
  [END]: StreamEnd;
}

/** The socket that an end stands on, if it does on one. */
export function streamOf(end: End): StreamEnd | undefined {
  const { base = end } = end;
  return base instanceof StreamEnd ? base : undefined;
}

/** A stream socket (TCP or TLS) as one end of a relay. */
export class StreamEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly #socket: Socket;
  readonly #reads: ReadBuffer | undefined;
  #ownKey: string | undefined;
  #peerKey: string | undefined;
  #draining = false;
  /** Data is asked for. */
  #wanted = false;
  /** It reads on in the next pass of the event loop. */
  #yielding = false;
  /** Its share of a pass, where {@link ReadBuffer} does not see to that. */
  readonly #slice: TimeSlice | undefined;
  #error: Error | undefined;

  /**
   * @param socket connected, with `allowHalfOpen`, and paused until {@link resume}
   * @param keepaliveMs silence after which the kernel asks whether the peer is there; ten questions a second apart without an
   *   answer end the connection
   * @param reads what the socket reads by, when it was made so; else its data come by Node's own chunks
   * @param peer who the peer is, where the socket does not know
   */
  constructor(socket: Socket, keepaliveMs: number, reads?: ReadBuffer, peer?: HostPort) {
    this.#socket = socket;
    this.#reads = reads;
    if (reads === undefined) {
      this.#slice = new TimeSlice(() => this.#readRest(), CHEAP_CHUNKS);
      readNothingAhead(socket);
    }
    this.peerAddress = peer?.host ?? plainAddress(socket.remoteAddress ?? "");
    this.peerPort = peer?.port ?? socket.remotePort ?? 0;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepaliveMs);
    const owned = socket as OwnedSocket;
    owned[END] = this;
    if (reads === undefined) owned.on("data", StreamEnd.#onData);
    else reads.reader = this;
    owned.on("end", StreamEnd.#onEnd);
    owned.on("finish", StreamEnd.#onFinish);
    owned.on("error", StreamEnd.#onError);
    owned.on("close", StreamEnd.#onClose);
    socket.pause();
  }

  /** Our own end of the connection, as long as there is one. */
  get localAddress(): string {
    return plainAddress(this.#socket.localAddress ?? "");
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** What the kernel's table of sockets calls our end, and the peer's: see {@link endpointKey}. */
  get ownKey(): string {
    this.#ownKey ??= endpointKey(this.localAddress, this.localPort);
    return this.#ownKey;
  }

  get peerKey(): string {
    this.#peerKey ??= endpointKey(this.peerAddress, this.peerPort);
    return this.#peerKey;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  get gone(): boolean {
    return this.#socket.destroyed;
  }

  /** Bytes handed to the kernel, or waiting to be. */
  get bytesSent(): number {
    return this.#socket.bytesWritten;
  }

  /** Bytes that have come. */
  get bytesReceived(): number {
    return this.#socket.bytesRead;
  }

  /** Whether data is asked for. */
  get reading(): boolean {
    return !this.#socket.destroyed && this.#wanted;
  }

  /** Hands a chunk on to whoever listens. */
  receive(chunk: Buffer): void {
    try {
      this.events.data(chunk);
    } catch (error) {
      this.events.fault(error);
    }
  }

  write(chunk: Buffer | string): void {
    if (!this.#socket.writable) return;
    this.#socket.write(chunk, this.#onWritten);
    if (this.#socket.writableLength > 0) this.#draining = true;
  }

  /** What the peer writes at once becomes a datagram from now on: it is to be read at once. */
  expectDatagrams(): void {
    this.#reads?.expectDatagrams();
  }

  /** No read brings more than so many bytes from now on. TLS brings 16 KiB at most, whatever is asked for. */
  readAtMost(bytes: number): void {
    this.#reads?.limit(bytes);
  }

  pause(): void {
    this.#wanted = false;
    this.#socket.pause();
  }

  resume(): void {
    this.#wanted = true;
    this.#readOn();
  }

  /** Others have their turn; then it reads on. */
  yield(): void {
    if (this.#yielding) return;
    this.#yielding = true;
    this.#socket.pause();
    setImmediate(StreamEnd.#endYield, this);
  }

  end(): void {
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  /**
   * Cuts the connection by RST: the peer sees an error, whatever it has sent or been sent. TLS can only be destroyed: its peer sees
   * FIN without the notice that belongs before it.
   */
  reset(): void {
    const { writableEnded, writableFinished } = this.#socket;
    const isEnding = writableEnded && !writableFinished && this.unsent === 0; // Node cannot reset while FIN is going out
    if (isEnding || this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  readonly #onWritten = (): void => {
    if (!this.#draining || this.#socket.writableLength > 0) return;
    this.#draining = false;
    this.#tell("drained");
  };

  #tell(event: "eof" | "drained" | "finished"): void {
    try {
      this.events[event]();
    } catch (error) {
      this.events.fault(error);
    }
  }

  /** Reads on, if more is wanted and it is its turn. */
  #readOn(): void {
    if (this.#wanted && !this.#yielding && !this.#slice?.yielding) this.#socket.resume();
  }

  /** Reads on after a turn: what has come meanwhile, in however many chunks, is one of them. */
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
    this[END].#tell("eof");
  };

  static readonly #onFinish = function (this: OwnedSocket): void {
    this[END].#tell("finished");
  };

  static readonly #onError = function (this: OwnedSocket, error: Error): void {
    this[END].#error = error;
  };

  static readonly #onClose = function (this: OwnedSocket): void {
    const end = this[END];
    end.#reads?.release();
    try {
      end.events.closed(end.#error);
    } catch (error) {
      end.events.fault(error);
    }
  };
}

/**
 * Has Node read nothing while nobody wants it. It would take 16 KiB: as records of a byte each, that is 50 ms of work at a time. It has
 * no option for that where a TLS server has accepted the socket.
 */
function readNothingAhead(socket: Socket): void {
  const { _readableState: state } = socket as unknown as { readonly _readableState?: { highWaterMark: number } };
  if (state !== undefined) state.highWaterMark = 1;
}
