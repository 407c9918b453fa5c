import type { Socket } from "node:net";
import { plainAddress } from "../core/address.js";
import { DEAF, type End, type EndEvents } from "./end.js";

/** A stream socket (TCP or TLS) as one end of a relay. Its data come by Node's own chunks. */
export class StreamEnd implements End {
  events: EndEvents = DEAF;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** Our own end of the connection. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly #socket: Socket;
  #draining = false;
  #error: Error | undefined;

  /**
   * @param socket connected, with `allowHalfOpen`, and paused until {@link resume}
   * @param keepaliveMs silence after which the kernel asks whether the peer is there; ten questions a second apart without an
   *   answer end the connection
   */
  constructor(socket: Socket, keepaliveMs: number) {
    this.#socket = socket;
    this.peerAddress = plainAddress(socket.remoteAddress ?? "");
    this.peerPort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress ?? "");
    this.localPort = socket.localPort ?? 0;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepaliveMs);
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("end", () => this.#tell("eof"));
    socket.on("finish", () => this.#tell("finished"));
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => this.#closed());
    socket.pause();
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
    return !this.#socket.destroyed && !this.#socket.isPaused();
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

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
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

  #closed(): void {
    try {
      this.events.closed(this.#error);
    } catch (error) {
      this.events.fault(error);
    }
  }
}
