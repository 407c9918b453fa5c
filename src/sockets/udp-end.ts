import type { Socket } from "node:dgram";
import { Deque } from "../core/collections/deque.js";
import { canonicalAddress, type HostPort, plainAddress } from "../core/net/address.js";
import { type DroppedDatagrams, MAX_PAYLOAD, noneDropped } from "../core/net/datagrams.js";
import { type End, type EndEvents, guarded, IGNORE_EVENTS } from "./end.js";

/** Bytes that the kernel does not take: beyond this the network is down, not busy. */
const MAX_UNSENT = 262_144;
/** What may wait for a reader that is paused: a burst of small datagrams, or one of full length. 1024 clients of a port make 64 MiB of it. */
const MAX_WAITING_BYTES = 65_536;
const MAX_WAITING = 256; // datagrams; an empty one costs memory, too

/**
 * A UDP peer as one end of a relay: each write is a datagram, each datagram is a chunk. Datagrams have no back pressure: of those that
 * come while the end is paused some wait, and the rest is dropped and counted.
 */
export class UdpEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** What could not be passed on. */
  readonly dropped: DroppedDatagrams = noneDropped();
  readonly #socket: Socket;
  /** As the socket's family writes it: one for both families sends to IPv4 addresses by `::ffff:`. */
  readonly #host: string;
  readonly #release: () => void;
  readonly #waiting = new Deque<Buffer>();
  #waitingCount = 0;
  #waitingBytes = 0;
  #paused = true;
  #draining = false;
  #sending = 0;
  gone = false;

  /**
   * @param socket bound, and not connected: it may be that of many ends
   * @param peer where datagrams go
   * @param release called once, when the end is destroyed
   */
  constructor(socket: Socket, peer: HostPort, release: () => void) {
    this.#socket = socket;
    this.#host = peer.host;
    this.peerAddress = plainAddress(peer.host);
    this.peerPort = peer.port;
    this.#release = release;
  }

  /** Bytes that wait for the reader. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get unsent(): number {
    return this.#draining && !this.gone ? this.#socket.getSendQueueSize() : 0;
  }

  write(chunk: Buffer | string): void {
    if (this.gone) return;
    const bytes = Buffer.from(chunk as Buffer); // a copy: Node sends it later
    let at = 0;
    do {
      const length = Math.min(MAX_PAYLOAD, bytes.length - at);
      if (this.#socket.getSendQueueSize() > MAX_UNSENT) this.dropped.unsent += 1;
      else this.#send(bytes, at, length);
      at += length;
    } while (at < bytes.length);
    this.#draining = this.#sending > 0 && this.#socket.getSendQueueSize() > 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    guarded(this, () => {
      while (!this.#paused) {
        const datagram = this.#waiting.take();
        if (datagram === undefined) break;
        this.#waitingCount -= 1;
        this.#waitingBytes -= datagram.length;
        this.events.data(datagram);
      }
    });
  }

  /** UDP has no FIN: the peer learns nothing. */
  end(): void {
    setImmediate(() => guarded(this, () => this.gone || this.events.finished()));
  }

  destroy(error?: Error): void {
    if (this.gone) return;
    this.gone = true;
    this.#release();
    setImmediate(() => guarded(this, () => this.events.closed(error)));
  }

  /** UDP has no reset. */
  reset(): void {
    this.destroy();
  }

  /** A datagram of the peer has come. */
  receive(datagram: Buffer): void {
    if (this.gone) return;
    if (!this.#paused) {
      guarded(this, () => this.events.data(datagram));
    } else if (this.#waitingCount < MAX_WAITING && this.#waitingBytes + datagram.length <= MAX_WAITING_BYTES) {
      this.#waiting.push(datagram);
      this.#waitingCount += 1;
      this.#waitingBytes += datagram.length;
    } else this.dropped.slow += 1;
  }

  #send(bytes: Buffer, at: number, length: number): void {
    this.#sending += 1;
    this.#socket.send(bytes, at, length, this.peerPort, this.#host, this.#onSent);
  }

  readonly #onSent = (error: Error | null): void => {
    this.#sending -= 1;
    if (error !== null) this.dropped.unsent += 1; // about one datagram; the network may be back for the next one
    if (!this.#draining || this.#sending > 0) return;
    this.#draining = false;
    guarded(this, () => this.gone || this.events.drained());
  };
}

/**
 * The end of a UDP remote that the daemon has asked for.
 *
 * @param socket bound, and for this end alone
 * @param answers who may answer: the peer's host, by any port; or anybody, where the peer is a group or a broadcast address
 */
export function remoteUdpEnd(socket: Socket, peer: HostPort, answers: "of host" | "of anybody"): UdpEnd {
  const end = new UdpEnd(socket, peer, () => socket.close());
  const host = canonicalAddress(peer.host);
  const isOfPeer = (address: string): boolean => address === peer.host || canonicalAddress(address) === host;
  socket.on("message", (datagram, { address }) => {
    if (answers === "of anybody" || isOfPeer(address)) end.receive(datagram);
    else end.dropped.foreign += 1;
  });
  socket.on("error", () => {
    end.dropped.unsent += 1;
  });
  return end;
}
