import type { Socket } from "node:net";
import { canonicalAddress, type HostPort, plainAddress } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { connectedAddress, RouteGraph, reachesListener } from "../core/net/loop-rules.js";
import type { Clock } from "../system/clock.js";
import { isOwnAddress } from "../system/own-addresses.js";

/** A socket that is accepted only after it has closed waits in the listener's queue for so long at most. */
const REMEMBERED_MS = 30_000;

/** What has to be known of a listener to tell whether the daemon reaches it itself. */
export interface OwnListener {
  readonly port: number;
  /** The listener's name in the log. */
  readonly name: string;
  /** The line of the configuration that the listener belongs to, where that has another name. */
  readonly line?: string;
  /** Whether clients may come through another port of this daemon. */
  readonly throughDaemon: "allowed" | "refused";
  /** Clients of a tunnel go to its device, whichever of them has connected to the other. */
  readonly accepts: "clients" | "devices";
}

/** A port that the daemon listens on. */
export interface OwnPort {
  readonly listener: OwnListener;
  /** The address it listens on; `*`: all. */
  readonly bound: string;
}

/** Knows where the daemon listens and what it connects for, so that it recognises itself and whom it carries. */
export class OwnSockets {
  readonly #clock: Clock;
  /** By their numbers. */
  readonly #ports = new Map<number, Set<OwnPort>>();
  /** Sockets that we have connected and that nobody has accepted yet, by both their ends as the other side sees them. */
  readonly #dialled = new Map<string, { readonly socket: Socket; readonly origin: ClientOrigin }>();
  readonly #routes = new RouteGraph();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A port is going to be listened on: to be told before the kernel takes the first client. */
  listens(port: OwnPort): void {
    const { port: number } = port.listener;
    const ports = this.#ports.get(number) ?? new Set();
    this.#ports.set(number, ports.add(port));
  }

  /** A port is listened on no longer. */
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
   * Watches a socket that is about to connect: should a port of ours accept it, its {@link originOf} is known.
   *
   * Node tells of an attempt just before it makes it. At the next tick the kernel has chosen our own end of it, and no accepted socket
   * has been handed to us since. Whether the port is ours is asked when somebody has taken the socket: we may open it while the kernel
   * still repeats the attempt.
   */
  watch(socket: Socket, origin: ClientOrigin): void {
    const pairs = new Map<string, number>();
    const remember = (remote: HostPort): void => {
      const { localAddress: host, localPort: port } = socket;
      if (host === undefined || port === undefined) return;
      const pair = pairOf({ host, port }, remote);
      this.#dialled.set(pair, { socket, origin });
      if (pairs.set(pair, remote.port).size > 1) return;
      socket.once("connect", connected);
      socket.once("close", closed);
    };
    const attempted = (address: string, port: number): void =>
      process.nextTick(remember, { host: connectedAddress(address), port });
    const connected = (): void => {
      this.#forget(pairs, socket, (port) => !this.#ports.has(port));
      if (pairs.size > 0) return;
      socket.off("connectionAttempt", attempted); // nothing of this is kept for connections to others
      socket.off("close", closed);
    };
    const closed = (): void => this.#closed(pairs, socket);
    socket.on("connectionAttempt", attempted);
  }

  /** Forgets the pairs of a socket whose ports are such. */
  #forget(pairs: Map<string, number>, socket: Socket, isSuch: (port: number) => boolean): void {
    for (const [pair, port] of pairs) {
      if (!isSuch(port)) continue;
      pairs.delete(pair);
      if (this.#dialled.get(pair)?.socket === socket) this.#dialled.delete(pair);
    }
  }

  /** Forgets a socket that has closed, once nobody can accept it any more. */
  #closed(pairs: Map<string, number>, socket: Socket): void {
    this.#forget(pairs, socket, (port) => !this.#ports.has(port));
    const isLeft = (pair: string): boolean => this.#dialled.get(pair)?.socket === socket;
    if (![...pairs.keys()].some(isLeft)) return;
    this.#clock.after(REMEMBERED_MS, () => this.#forget(pairs, socket, () => true));
  }

  /** Whose bytes come by a socket that has just been accepted: to be asked once. */
  originOf(accepted: Socket, { name, line = name, accepts }: OwnListener): ClientOrigin {
    const client = { address: plainAddress(accepted.remoteAddress ?? ""), line, hops: 0 };
    if (this.#dialled.size === 0) return client;
    const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = accepted;
    const key = pairOf({ host: remoteAddress, port: remotePort }, { host: localAddress, port: localPort });
    const dialled = this.#dialled.get(key);
    if (dialled === undefined) return client;
    this.#dialled.delete(key);
    const { origin, socket } = dialled;
    const open =
      accepts === "devices" ? this.#route(line, origin.line, socket) : this.#route(origin.line, line, socket);
    return { address: origin.address, line, hops: open ? origin.hops + 1 : Number.POSITIVE_INFINITY };
  }

  /** A line leads to another one for as long as this socket is open; returns whether it may. */
  #route(from: string, to: string, socket: Socket): boolean {
    if (socket.destroyed) return true;
    const open = this.#routes.add(from, to);
    if (open) socket.once("close", () => this.#routes.remove(from, to));
    return open;
  }
}

/** A connection by both its ends. */
function pairOf(client: HostPort, server: HostPort): string {
  return [client, server].map(({ host, port }) => `${canonicalAddress(host)} ${port}`).join(" ");
}
