import type { Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import type { AddressInfo } from "node:net";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { isMulticast } from "../core/net/datagrams.js";
import type { Clock, Timer } from "../system/clock.js";
import { adoptDatagrams, bindDatagrams, datagramSocket } from "./datagram-socket.js";
import { EndReason } from "./end.js";
import { datagramDescriptor } from "./node-handle.js";
import { UdpEnd } from "./udp-end.js";

/** Most clients at a time. Addresses are easy to forge: more of them must not take the memory of the daemon. */
const MAX_CLIENTS = 1024;
/** The membership in a group goes with its network interface, and nobody tells when another one has come. */
const REJOIN_MS = 15_000;
/** A server has so long for its last answers, once another process reads what clients send. */
const LAST_ANSWERS_MS = 5000;
const ANY_IPV6 = "::";
const ANY_IPV4 = "0.0.0.0";

/**
 * A UDP port that clients send to: each address that sends a datagram is a client, until its end is destroyed. It has the interface that
 * ports use of a server of Node.
 */
export class DatagramServer extends EventEmitter {
  readonly #accept: (client: UdpEnd, refusal?: string) => void;
  readonly #clock: Clock;
  readonly #maxClients: number;
  /** By address and port. */
  readonly #clients = new Map<string, UdpEnd>();
  #socket: Socket | undefined;
  #isListening = false;
  #rejoin: Timer | undefined;

  /**
   * @param accept takes a new client, paused; its first datagram waits. With a reason why there is no room for it, that client is to be
   *   destroyed
   * @param maxClients at a time
   */
  constructor(accept: (client: UdpEnd, refusal?: string) => void, clock: Clock, maxClients = MAX_CLIENTS) {
    super();
    this.#clock = clock;
    this.#maxClients = maxClients;
    this.#accept = accept;
  }

  get listening(): boolean {
    return this.#isListening;
  }

  address(): AddressInfo | null {
    return this.#isListening ? (this.#socket?.address() ?? null) : null;
  }

  /**
   * Begins to listen: `listening` or `error` follows.
   *
   * @param host an address of this machine, or of a group; left out: all
   * @param fd of a socket that is bound to `host` already
   */
  listen({ port = 0, host, fd }: { readonly port?: number; readonly host?: string; readonly fd?: number }): void {
    (fd === undefined ? this.#open(port, host) : bound(port, host ?? ANY_IPV6, fd)).then(
      (socket) => this.#opened(socket, host),
      (error: Error) => this.emit("error", error),
    );
  }

  /** The descriptor of the socket. */
  get fd(): number | undefined {
    return this.#socket && datagramDescriptor(this.#socket)?.fd;
  }

  /** Listens no more: another process does, on the same socket. Clients get the answers that are under way. */
  leave(): void {
    this.#isListening = false;
    this.#rejoin?.cancel();
    if (this.#socket !== undefined) datagramDescriptor(this.#socket)?.stopReading();
    this.#clock.after(LAST_ANSWERS_MS, () => this.close());
  }

  /** Ends all clients: without the port nothing reaches them, and they reach nobody. */
  close(): void {
    this.#isListening = false;
    this.#rejoin?.cancel();
    for (const client of [...this.#clients.values()]) client.destroy(new EndReason("its UDP port has closed", true));
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** All addresses of this machine are those of both families, where it has IPv6. */
  async #open(port: number, host?: string): Promise<Socket> {
    try {
      return await bound(port, host ?? ANY_IPV6);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (host !== undefined || (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL")) throw error;
      return bound(port, ANY_IPV4);
    }
  }

  #opened(socket: Socket, host = ANY_IPV6): void {
    this.#socket = socket;
    this.#isListening = true;
    socket.on("message", (datagram, { address, port }) => this.#received(datagram, { host: address, port }, socket));
    socket.on("error", (error) => this.emit("error", error));
    if (isMulticast(host)) this.#keepJoined(socket, host);
    this.emit("listening");
  }

  #keepJoined(socket: Socket, group: string): void {
    this.#rejoin = this.#clock.after(REJOIN_MS, () => {
      try {
        socket.addMembership(group);
      } catch {} // it is a member still, or there is no network now
      this.#keepJoined(socket, group);
    });
  }

  #received(datagram: Buffer, from: HostPort, socket: Socket): void {
    const key = formatHostPort(from);
    const known = this.#clients.get(key);
    if (known !== undefined) known.receive(datagram);
    else if (this.#clients.size >= this.#maxClients) {
      this.#accept(new UdpEnd(socket, from, () => {}), `${this.#maxClients} addresses are clients already`);
    } else {
      const client = new UdpEnd(socket, from, () => this.#clients.delete(key));
      this.#clients.set(key, client);
      client.receive(datagram);
      this.#accept(client);
    }
  }
}

/** Fails where no interface is up yet. @param mayBeMember the process that has bound the socket may have joined */
function join(socket: Socket, group: string, mayBeMember: boolean): void {
  try {
    socket.addMembership(group);
  } catch (error) {
    if (!mayBeMember || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
  }
}

async function bound(port: number, host: string, fd?: number): Promise<Socket> {
  const socket = datagramSocket(host);
  try {
    await (fd === undefined ? bindDatagrams(socket, port, host) : adoptDatagrams(socket, fd));
    if (isMulticast(host)) join(socket, host, fd !== undefined);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
