import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { clearStaleSocket, closeKeepingPath, removeSocket } from "../control/stale-socket.js";
import { formatListen } from "../core/config/listen.js";
import { backoffMs } from "../core/limits/backoff.js";
import { type HostPort, isAddress } from "../core/net/address.js";
import type { ListenerStatus } from "../core/status/daemon-status.js";
import type { LineNames } from "../core/status/gathering.js";
import type { BlockedPort } from "../core/tunnel/tunnel-status.js";
import type { HandedSocket } from "../core/upgrade/messages.js";
import type { Log } from "../log/log.js";
import type { Names } from "../names/names.js";
import { DatagramServer } from "../sockets/datagram-server.js";
import { listeningDescriptor } from "../sockets/node-handle.js";
import type { OwnPort, OwnSockets } from "../sockets/own-sockets.js";
import type { UdpEnd } from "../sockets/udp-end.js";
import type { Predecessor, Supervisor } from "../supervisor/supervisor.js";
import type { Clock, Timer } from "../system/clock.js";
import { ListenError } from "./listen-error.js";
import type { Listener } from "./listener.js";
import type { ListenWhere, PortServer } from "./port-server.js";
import { destination, portNames, portStatus } from "./port-status.js";
import { streamServer } from "./stream-server.js";

const BACKLOG = 4096; // connections: all plugins of a hub reconnect at once after its engine has reloaded
const RETRY = { firstMs: 500, maxMs: 30_000 };

/** The start of the daemon waits so long for the address of a name. */
const LOOKUP_MS = 1000;

/** What a port needs of the daemon. */
export interface PortContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly own: OwnSockets;
  readonly names: Pick<Names, "first" | "forget">;
  /** A socket that the service manager has opened for this place; left out: it has none. */
  readonly takeSocket?: Supervisor["takeSocket"];
  /** Hands over sockets that listen already. */
  readonly predecessor?: Predecessor | undefined;
  /** Takes a socket that the port has accepted. */
  admit(listener: Listener, socket: Socket): void;
  /** Takes a client whose first datagram has come. @param refusal why the port has no room for it */
  admitDatagrams(listener: Listener, client: UdpEnd, refusal?: string): void;
}

/** An attempt to listen is under way (`opening`), or the next one is due (`waiting`). */
type State =
  | { readonly kind: "closed" | "listening" }
  | { readonly kind: "opening"; readonly attempt: AbortController }
  | { readonly kind: "waiting"; readonly retry: Timer };

/** One address and port, or Unix socket, that the daemon accepts connections on, or tries to. */
export class Port implements OwnPort {
  #listener: Listener;
  /** As the configuration has it: an address, a name, or `*`. */
  readonly #ip: string;
  /** The address that is tried, or listened on. */
  #address: string;
  readonly #context: PortContext;
  readonly #server: PortServer;
  #state: State = { kind: "closed" };
  #knownPlace: AddressInfo | undefined;
  /** Why the last attempt to listen has failed, and when the first one did. */
  #problem: string | undefined;
  #problemSince = 0;
  #failures = 0;
  #isInherited = false;
  /** Node has made its Unix socket, and removes it. */
  #hasOwnPath = false;

  /**
   * @param ip the address to listen on, where the listener names none; `*`: all
   * @param server serves its clients itself; they are not given to {@link PortContext.admit}
   */
  constructor(listener: Listener, ip: string, context: PortContext, server?: PortServer) {
    this.#listener = listener;
    this.#ip = listener.host ?? ip;
    this.#address = this.#ip;
    this.#context = context;
    this.#server = server ?? this.#createServer();
    this.#server.on("error", ({ message }) => {
      if (this.#server.listening) context.log.error(`listener on ${this.name}: ${message}`);
    });
  }

  /** Identifies a port: two with the same name cannot be open at a time. */
  static nameOf(listener: Listener, ip: string): string {
    return listener.path ?? formatListen({ host: ip, ...listener });
  }

  /** The listener that serves new connections. A reload may replace it; connections that exist stay as they are. */
  get listener(): Listener {
    return this.#listener;
  }

  set listener(next: Listener) {
    const before = destination(this.#listener);
    const now = destination(next);
    this.#listener = next;
    if (now !== undefined && now !== before) this.#context.log.info(`${next.name}: new connections go to ${now}`);
  }

  get name(): string {
    return Port.nameOf(this.listener, this.#ip);
  }

  get bound(): string {
    return this.#place?.address ?? this.#address;
  }

  /** Where it listens. The kernel is asked once: there may be thousands of ports, and STAT shows them all. */
  get #place(): AddressInfo | undefined {
    if (this.#state.kind === "listening" && this.#knownPlace !== undefined) return this.#knownPlace;
    const address = this.#server.address();
    this.#knownPlace = typeof address === "object" && address !== null ? address : undefined;
    return this.#knownPlace;
  }

  /** The number of the port, also where the system has chosen it. */
  get number(): number {
    return this.#place?.port ?? this.listener.port;
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  /** Whether the service manager has opened the socket: it keeps it open, and once closed here it does not come back. */
  get isInherited(): boolean {
    return this.#isInherited;
  }

  /** What another process needs to listen here, too; undefined: this one does not. */
  get handed(): HandedSocket | undefined {
    const fd = this.#server.fd ?? listeningDescriptor(this.#server);
    if (!this.listening || fd === undefined) return undefined;
    const host = this.#place?.address;
    return {
      ...{ name: this.name, fd },
      ...(host !== undefined && { host }),
      ...(this.#isInherited && { isInherited: true }),
    };
  }

  /** Whether another process hands over its socket. */
  get isHanded(): boolean {
    return this.#context.predecessor?.has(this.name) ?? false;
  }

  /** Stops listening: another process listens on the same socket, which stays as it is. */
  leave(): void {
    const { path } = this.listener;
    const wasListening = this.listening;
    this.#become({ kind: "closed" });
    if (!wasListening) return;
    if (path !== undefined) closeKeepingPath(path, () => this.#server.close());
    else if (this.#server.leave !== undefined) this.#server.leave();
    else this.#server.close();
    this.#context.own.closed(this);
  }

  get lineNames(): LineNames {
    return portNames(this.listener, this.#boundTo);
  }

  /** That it cannot be opened; undefined while it is open. */
  get blocked(): Required<BlockedPort> | undefined {
    if (this.#problem === undefined) return undefined;
    const problemMs = Math.round(this.#context.clock.now() - this.#problemSince);
    return { name: this.listener.name, problem: this.#problem, problemMs };
  }

  get status(): ListenerStatus {
    return portStatus(this.listener, this.#boundTo, this.blocked);
  }

  get #boundTo(): HostPort {
    return { host: this.bound, port: this.number };
  }

  /**
   * Begins to listen. Resolves when the port listens, or when it has been closed meanwhile.
   *
   * @throws {ListenError}
   */
  async open(): Promise<void> {
    const { path, kind, section, tls } = this.listener;
    const attempt = new AbortController();
    const { signal } = attempt;
    this.#become({ kind: "opening", attempt });
    try {
      if (path !== undefined && !this.isHanded) await clearStaleSocket(path);
      signal.throwIfAborted();
      await this.#listen(signal);
    } catch (error) {
      if (signal.aborted) return;
      throw new ListenError(this.name, error as NodeJS.ErrnoException);
    }
    this.#become({ kind: "listening" });
    this.#problem = undefined;
    this.#failures = 0;
    const remote = destination(this.listener);
    const what = section === undefined ? kind : `${kind} ${section}`;
    const how = tls === undefined ? what : `${what} over TLS`;
    this.#context.log.info(`listening on ${this.name} (${how}${remote === undefined ? "" : ` for ${remote}`})`);
  }

  /** Listens on the Unix socket, or on the first address of the name that this machine has. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { port, path } = this.listener;
    const handed = this.#context.predecessor?.take(this.name);
    if (handed !== undefined) return this.#listenOn(handed, signal, handed.isInherited);
    if (path !== undefined) return this.#listenOn({ path }, signal);
    if (this.#ip === "*") return this.#listenOn({ port }, signal);
    const isName = !isAddress(this.#ip);
    const addresses = isName ? await this.#context.names.first(this.#ip, LOOKUP_MS) : [{ address: this.#ip }];
    signal.throwIfAborted();
    for (const [index, { address }] of addresses.entries()) {
      this.#address = address;
      try {
        return await this.#listenOn({ port, host: address }, signal);
      } catch (error) {
        const isLast = index === addresses.length - 1;
        if (isLast) this.#context.names.forget(this.#ip);
        if (isLast || signal.aborted || (error as NodeJS.ErrnoException).code !== "EADDRNOTAVAIL") throw error;
      }
    }
  }

  /** @param isInherited whether the service manager has opened the socket, which another process hands over */
  async #listenOn(where: ListenWhere, signal: AbortSignal, isInherited = false): Promise<void> {
    this.#context.own.opened(this);
    const inherited = this.#inherited(where);
    this.#isInherited = isInherited || inherited !== undefined;
    this.#hasOwnPath = where.path !== undefined;
    try {
      this.#server.listen(inherited ?? where, BACKLOG);
      await once(this.#server, "listening", { signal });
    } catch (error) {
      if (!signal.aborted) this.#context.own.closed(this);
      throw error;
    }
  }

  #inherited({ port, host }: ListenWhere): ListenWhere | undefined {
    if (port === undefined) return undefined;
    return this.#context.takeSocket?.({ port, host, datagrams: this.#listener.datagrams === true });
  }

  /** Listens as soon as that is possible: at once, or after some attempts. Resolves after the first one. */
  async openEventually(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      this.retry(error as Error);
    }
  }

  /** Tries again after a failed attempt, and after each further one, more and more slowly. */
  retry({ message }: Error): void {
    if (this.#problem === undefined) {
      this.#problemSince = this.#context.clock.now();
      this.#context.log.warn(`${message}; the daemon tries again until it works`);
    }
    this.#problem = message;
    this.#failures += 1;
    const ms = backoffMs(RETRY, this.#failures, Math.random());
    this.#become({ kind: "waiting", retry: this.#context.clock.after(ms, () => void this.openEventually()) });
  }

  #createServer(): PortServer {
    const context = this.#context;
    if (this.#listener.datagrams) {
      return new DatagramServer(
        (client, refusal) => context.admitDatagrams(this.listener, client, refusal),
        context.clock,
      );
    }
    return streamServer(
      () => this.listener,
      (socket) => context.admit(this.listener, socket),
    );
  }

  /** Stops listening. Connections that exist go on. */
  close(): void {
    const { path } = this.listener;
    const wasListening = this.listening;
    this.#become({ kind: "closed" });
    this.#server.close();
    if (wasListening && path !== undefined && !this.#hasOwnPath) removeSocket(path); // Node does not know its path
    this.#context.own.closed(this);
  }

  #become(next: State): void {
    this.#knownPlace = undefined;
    if (this.#state.kind === "waiting") this.#state.retry.cancel();
    if (this.#state.kind === "opening") this.#state.attempt.abort();
    this.#state = next;
  }
}
