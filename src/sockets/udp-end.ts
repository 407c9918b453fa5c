import type { Socket } from "node:dgram";
import { type End, type EndEvents, guarded, IGNORE_EVENTS } from "./end.js";

const MAX_PAYLOAD = 65_507; // an IPv4 packet of 65,535 bytes less its headers (RFC 768, RFC 791)
const MAX_UNSENT = 262_144; // bytes that the kernel does not take: beyond this the network is down, not busy

/**
 * A UDP remote as one end of a relay: each write is a datagram, each datagram is a chunk. Datagrams have no back pressure: those that
 * arrive while the end is paused are dropped and counted.
 */
export class UdpEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  readonly peerAddress: string;
  readonly peerPort: number;
  datagramsLost = 0;
  readonly #socket: Socket;
  #paused = true;
  #draining = false;
  gone = false;

  /** @param socket connected to the remote */
  constructor(socket: Socket) {
    this.#socket = socket;
    const peer = socket.remoteAddress();
    this.peerAddress = peer.address;
    this.peerPort = peer.port;
    socket.on("message", (datagram) => this.#receive(datagram));
    // ICMP answers such as "refused" are about one datagram; the device may be back for the next one
    socket.on("error", () => {
      this.datagramsLost += 1;
    });
    socket.on("close", () => guarded(this, () => this.events.closed(undefined)));
  }

  get unsent(): number {
    return this.gone ? 0 : this.#socket.getSendQueueSize();
  }

  write(chunk: Buffer | string): void {
    if (this.gone) return;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    for (let at = 0; at < bytes.length; at += MAX_PAYLOAD) {
      if (this.unsent > MAX_UNSENT) this.datagramsLost += 1;
      else this.#socket.send(bytes, at, Math.min(MAX_PAYLOAD, bytes.length - at), this.#onSent);
    }
    this.#draining = this.unsent > 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** UDP has no FIN: the remote learns nothing. */
  end(): void {
    setImmediate(() => guarded(this, () => this.gone || this.events.finished()));
  }

  destroy(): void {
    if (this.gone) return;
    this.gone = true;
    this.#socket.close();
  }

  /** UDP has no reset. */
  reset(): void {
    this.destroy();
  }

  #receive(datagram: Buffer): void {
    if (this.#paused) {
      this.datagramsLost += 1;
      return;
    }
    guarded(this, () => this.events.data(datagram));
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.datagramsLost += 1;
    if (!this.#draining || this.unsent > 0) return;
    this.#draining = false;
    guarded(this, () => this.events.drained());
  };
}
