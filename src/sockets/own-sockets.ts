import type { Socket as DatagramSocket } from "node:dgram";
import type { Socket } from "node:net";
import { canonicalAddress, type HostPort, isLoopback, plainAddress } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { connectedAddress, RouteGraph, reachesListener } from "../core/net/loop-rules.js";
import type { ProxyHeader } from "../core/net/proxy-protocol.js";
import type { Clock } from "../system/clock.js";
import { isOwnAddress, RecentAddresses } from "../system/own-addresses.js";

/** Longest time that a closed connection may wait in the listener's queue before it is accepted. */
const REMEMBERED_MS = 30_000;

/** The facts of a listener that decide who may reach it and where its clients come from. */
export interface OwnListener {
  readonly port: number;
  /** The listener's name in the log. */
  readonly name: string;
  /** The line of the configuration that the listener belongs to, where that has another name. */
  readonly line?: string;
  /** Whether clients may come through another port of this daemon. */
  readonly throughDaemon: "allowed" | "refused";
  /** The side that connects. Devices of a tunnel connect to it, but clients go the other way: from the line to the device. */
  readonly accepts: "clients" | "devices";
}

/** A port that the daemon listens on. */
export interface OwnPort {
  readonly listener: OwnListener;
  /** The address it listens on; `*`: all. */
  readonly bound: string;
}

/** A connection that we have begun; addresses in canonical form. */
interface Dialled {
  readonly socket: Socket;
  readonly origin: ClientOrigin;
  readonly client: HostPort;
  readonly server: HostPort;
}

/**
 * Both ends of connections from the daemon to itself: the ports it listens on, and the sockets it connects. So a client that loops through
 * the daemon keeps its origin, and a target that is the daemon itself is recognized.
 */
export class OwnSockets {
  /** Proxies tell us the addresses of their clients: those that this daemon has connected from are remembered, to find a loop through a proxy. */
  followsProxies: boolean;
  readonly #clock: Clock;
  /** By port number: one number may be bound at several addresses. */
  readonly #ports = new Map<number, Set<OwnPort>>();
  /** Those that nobody has accepted yet, by our own port; the newest comes first. */
  readonly #dialled = new Map<number, readonly Dialled[]>();
  /** UDP sockets of ours, by the address and port that they send from. */
  readonly #senders = new Map<string, { readonly socket: DatagramSocket; readonly origin: ClientOrigin }>();
  readonly #routes = new RouteGraph();
  readonly #recent: RecentAddresses;

  constructor(clock: Clock, followsProxies = false) {
    this.#clock = clock;
    this.followsProxies = followsProxies;
    this.#recent = new RecentAddresses(clock);
  }

  /** A port is about to be listened on: call it before the kernel takes the first client. */
  opened(port: OwnPort): void {
    const { port: number } = port.listener;
    const ports = this.#ports.get(number) ?? new Set();
    this.#ports.set(number, ports.add(port));
  }

  /** A port is no longer listened on. */
  closed(port: OwnPort): void {
    const { port: number } = port.listener;
    const ports = this.#ports.get(number);
    if (ports?.delete(port) && ports.size === 0) this.#ports.delete(number);
  }

  /** Whether the daemon must not connect there: one of its own ports that refuses clients through the daemon. */
  isOffLimits(address: string, port: number): boolean {
    return [...(this.#ports.get(port) ?? [])].some(
      ({ listener, bound }) => listener.throughDaemon === "refused" && reachesListener(address, bound, isOwnAddress),
    );
  }

  /**
   * Remembers the client whose bytes a socket will carry. The socket is about to connect. If a port of ours accepts it, {@link originOf}
   * finds this origin.
   *
   * Node emits `connectionAttempt` just before an attempt. At the next tick the kernel has chosen our address and port, and Node has not
   * handed us any accepted socket since. Whether the target port is ours is asked only once the socket is connected: we may open the port
   * while the kernel still repeats the attempt.
   */
  dialing(socket: Socket, origin: ClientOrigin): void {
    const attempts: Dialled[] = [];
    const remember = (server: HostPort): void => {
      const { localAddress: host, localPort: port } = socket;
      if (host === undefined || port === undefined) return;
      const dialled = { socket, origin, client: { host: canonicalAddress(host), port }, server };
      this.#dialled.set(port, [dialled, ...(this.#dialled.get(port) ?? [])]);
      if (attempts.push(dialled) > 1) return;
      socket.once("connect", connected);
      socket.once("close", closed);
    };
    const attempted = (address: string, port: number): void =>
      process.nextTick(remember, { host: connectedAddress(address), port });
    const connected = (): void => {
      if (this.#forgetForeign(attempts).length > 0) return;
      socket.off("connectionAttempt", attempted); // a connection to another program keeps none of this
      socket.off("close", closed);
    };
    const closed = (): void => this.#closed(attempts);
    socket.on("connectionAttempt", attempted);
  }

  #forget(dialled: Dialled): void {
    const { port } = dialled.client;
    const others = this.#dialled.get(port)?.filter((each) => each !== dialled) ?? [];
    if (others.length > 0) this.#dialled.set(port, others);
    else this.#dialled.delete(port);
  }

  /** Forgets those that no port of ours can hear of. Returns the others. */
  #forgetForeign(attempts: readonly Dialled[]): Dialled[] {
    return attempts.filter((dialled) => {
      const isOurs = this.followsProxies || this.#ports.has(dialled.server.port);
      if (!isOurs) this.#forget(dialled);
      return isOurs;
    });
  }

  /** Forgets the attempts of a socket that has closed: at once, or as soon as no port of ours can accept it any more. */
  #closed(attempts: readonly Dialled[]): void {
    const left = this.#forgetForeign(attempts).filter((each) => this.#dialled.get(each.client.port)?.includes(each));
    if (left.length === 0) return;
    this.#clock.after(REMEMBERED_MS, () => {
      for (const dialled of left) this.#forget(dialled);
    });
  }

  /**
   * The origin of the client of a socket that a listener has just accepted. To be asked once: the answer is forgotten.
   *
   * @param header of a proxy that we trust. What comes from this daemon itself keeps its origin, whatever its header says: a client of
   *   another line may have written that.
   */
  originOf(accepted: Socket, listener: OwnListener, header?: ProxyHeader): ClientOrigin {
    const { name, line = name } = listener;
    const address = plainAddress(accepted.remoteAddress ?? "");
    const dialled = this.#takeDialled(accepted);
    if (dialled !== undefined) return this.#passedOn(dialled, listener);
    return header === undefined ? { address, line, hops: 0 } : this.#proxied(address, header, listener);
  }

  /** What we have connected to this socket; forgets it. */
  #takeDialled({ remoteAddress = "", remotePort = 0, localAddress = "", localPort }: Socket): Dialled | undefined {
    const candidates = this.#dialled.get(remotePort);
    if (candidates === undefined) return undefined;
    const [from, to] = [canonicalAddress(remoteAddress), canonicalAddress(localAddress)];
    const dialled = candidates.find(
      (each) => each.client.host === from && each.server.host === to && each.server.port === localPort,
    );
    if (dialled !== undefined) this.#forget(dialled);
    return dialled;
  }

  /** The origin of a client that has come through this daemon. */
  #passedOn({ origin, socket, client }: Dialled, { name, line = name, accepts }: OwnListener): ClientOrigin {
    const open =
      accepts === "devices" ? this.#route(line, origin.line, socket) : this.#route(origin.line, line, socket);
    const address = origin.address ?? (origin.tells ? client.host : undefined); // what tells is on this machine
    return { ...origin, address, line, hops: open ? origin.hops + 1 : Number.POSITIVE_INFINITY };
  }

  /**
   * The origin of a client that a proxy speaks for. A client that has an address of this machine may be a connection of this daemon, on its
   * way round. Any other one is judged by the proxy's address: nobody gets the rights of this machine by what a header says.
   */
  #proxied(proxy: string, header: ProxyHeader, listener: OwnListener): ClientOrigin {
    const { name, line = name } = listener;
    const origin = { address: proxy, line, hops: 0, isProxied: true } as const;
    if (header.kind === "own") return origin;
    const { endpoints } = header;
    const { host, port } = endpoints.from;
    const address = canonicalAddress(host);
    if (!isLoopback(address) && !this.#recent.has(address)) return { ...origin, address: host, endpoints };
    const dialled = this.#dialled.get(port)?.find(({ client, socket }) => client.host === address && !socket.destroyed);
    if (dialled === undefined) return { ...origin, endpoints };
    return { ...this.#passedOn(dialled, listener), isProxied: true };
  }

  /** Remembers the client whose bytes a bound UDP socket will send from an address, until it closes. */
  sending(socket: DatagramSocket, from: string, origin: ClientOrigin): void {
    const sender = senderOf({ host: from, port: socket.address().port });
    this.#senders.set(sender, { socket, origin });
    socket.once("close", () => this.#senders.delete(sender));
  }

  /** The origin of a client whose first datagram has come to a listener of ours. */
  originOfDatagrams(client: HostPort, { name, line = name }: OwnListener): ClientOrigin {
    const sender = this.#senders.get(senderOf(client));
    if (sender === undefined) return { address: plainAddress(client.host), line, hops: 0 };
    const { origin, socket } = sender;
    const open = this.#route(origin.line, line, socket);
    return { ...origin, line, hops: open ? origin.hops + 1 : Number.POSITIVE_INFINITY };
  }

  /** Records that one line leads to another while this socket is open. Returns false when that would close a loop. */
  #route(from: string, to: string, socket: Socket | DatagramSocket): boolean {
    if ("destroyed" in socket && socket.destroyed) return true;
    const open = this.#routes.add(from, to);
    if (open) socket.once("close", () => this.#routes.remove(from, to));
    return open;
  }
}

/** Where datagrams come from, as a key. */
function senderOf({ host, port }: HostPort): string {
  return `${canonicalAddress(host)} ${port}`;
}
