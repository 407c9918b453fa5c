import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { Tally } from "../core/collections/tally.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import { fail, type Result } from "../core/parse/result.js";
import type { Credentials } from "../dial/tls-credentials.js";
import type { TlsError } from "../dial/tls-failure.js";
import { ProxiedEnd } from "../sockets/proxied-end.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { DescriptorLease } from "../system/descriptor-budget.js";
import type { Listener } from "./listener.js";
import { CAME_AND_WENT, GONE_ALREADY, type Rejections } from "./rejections.js";

/** From the connection to the end of the handshake, whatever the client sends meanwhile. */
const LIMIT_MS = 10_000;
/**
 * Handshakes of one address at a time: a client that never completes one costs little. All plugins of a hub connect at once after its
 * engine has reloaded, and a tunnel has few devices.
 */
const MAX_PER_ADDRESS = { clients: 256, devices: 8 };
/** Handshakes of all addresses at a time: each takes some 100 KiB. One more ends the oldest, which is the least likely to be completed. */
const MAX_PENDING = 1024;
/** Handshakes begun in one pass of the event loop: the signature of each takes a millisecond or two, and nobody waits longer than 50 ms. */
const MAX_BEGUN = 4;

/** What OpenSSL says of a client that begins with something else. */
const NO_TLS: ReadonlySet<string> = new Set([
  "http request",
  "https proxy request",
  "wrong version number",
  "packet length too long",
]);

const LEFT = "it has left before the end of the handshake";

/** What handshakes need of the daemon. */
export interface TlsHandshakesContext {
  readonly clock: Clock;
  readonly rejections: Pick<Rejections, "mention" | "leftAtOnce">;
  /** See {@link StreamEnd}. */
  readonly keepalive: () => number;
  /** Why a client of this origin may not connect, descriptors apart; undefined when it may. */
  denialReason(origin: ClientOrigin, listener: Listener): string | undefined;
  /** Takes the descriptor of a client that may connect. Fails with the reason why another one may not. */
  admit(origin: ClientOrigin, listener: Listener): Result<DescriptorLease>;
  /** Serves a client whose handshake is complete. */
  serve(client: StreamEnd, origin: ClientOrigin, listener: Listener, lease: DescriptorLease): void;
}

/** A handshake that is under way: it is completed or fails, once. */
interface Handshake {
  readonly isOver: boolean;
  /** Returns false when the handshake has failed before. */
  complete(): boolean;
  fail(reason: string): void;
}

/** What Node's TLS server tells about one handshake. */
interface ServerEvents {
  failed(error: Error, tls: TLSSocket): void;
  secured(tls: TLSSocket): void;
}

/** Clients of ports that speak TLS, until their handshake is complete: they are no connections before. */
export class TlsHandshakes {
  readonly #context: TlsHandshakesContext;
  readonly #maxPending: number;
  /** Sockets whose handshake is under way, the oldest first, with what has it fail; and how many each address has. */
  readonly #pending = new Map<Socket, (reason: string) => void>();
  readonly #pendingOf = new Tally<string | undefined>();
  /** A server for each set of credentials, whose preparation costs as much as a handshake. They listen on nothing. */
  readonly #servers = new WeakMap<Credentials, Server>();
  /** Handshakes that begin in a later pass of the event loop. */
  readonly #due: (() => void)[] = [];
  #begun = 0;

  /** @param maxPending handshakes at a time */
  constructor(context: TlsHandshakesContext, maxPending = MAX_PENDING) {
    this.#context = context;
    this.#maxPending = maxPending;
  }

  /**
   * Begins the handshake of a client. A client that fails is closed, and the log mentions it like any that is rejected.
   *
   * @param socket just accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more
   * @param credentials with an authority, the client needs a certificate of it
   */
  begin(socket: Socket, origin: ClientOrigin, listener: Listener, credentials: Credentials): void {
    socket.on("error", () => {}); // the TLS socket on top of it reports the error
    if (origin.address === "") {
      socket.destroy();
      this.#context.rejections.leftAtOnce(origin, listener, GONE_ALREADY);
      return;
    }
    const admitted = this.#admit(origin, listener);
    if (!admitted.ok) {
      this.#reject(socket, origin, listener, admitted.message);
      return;
    }
    const lease = admitted.value;
    const reject = (reason: string): void => {
      lease.release();
      this.#reject(socket, origin, listener, reason);
    };
    const silent = (): void => {
      lease.release();
      this.#context.rejections.leftAtOnce(origin, listener, CAME_AND_WENT);
      socket.destroy();
    };
    const handshake = this.#track(socket, origin.address, reject, silent);
    const events: ServerEvents = {
      failed: (error, tls) => handshake.fail(explain(error, tls)),
      secured: (tls) => {
        if (!handshake.complete()) return;
        tls.allowHalfOpen = true;
        const late = this.#context.denialReason(origin, listener); // others may have connected meanwhile
        if (late !== undefined) reject(late);
        else this.#context.serve(endOf(tls, this.#context.keepalive(), origin), origin, listener, lease);
      },
    };
    socket.allowHalfOpen = false; // a client that sends FIN in the middle of a handshake has given up
    // the TLS socket reports a reason, where it knows one, only after this event
    socket.once("close", () => setImmediate(() => handshake.fail(`TLS: ${LEFT}`)));
    this.#inTurn(() => {
      if (handshake.isOver) return;
      try {
        shakeHands(this.#serverOf(credentials), socket, events);
      } catch (error) {
        const { message } = error as Error; // the files have been checked: they are others since then
        if (handshake.complete()) reject(`TLS: our own certificate is not good (${message})`);
      }
    });
  }

  /** Ends all handshakes that are under way. */
  close(): void {
    for (const socket of [...this.#pending.keys()]) socket.destroy();
  }

  /** Calls `begin` at once, or in a later pass of the event loop, where that is due for many. */
  #inTurn(begin: () => void): void {
    if (this.#begun === 0) setImmediate(() => this.#beginDue());
    this.#begun += 1;
    if (this.#begun <= MAX_BEGUN) begin();
    else this.#due.push(begin);
  }

  #beginDue(): void {
    this.#begun = 0;
    for (const begin of this.#due.splice(0, MAX_BEGUN)) this.#inTurn(begin);
  }

  #serverOf(credentials: Credentials): Server {
    const known = this.#servers.get(credentials);
    if (known !== undefined) return known;
    const options = { requestCert: credentials.ca !== undefined, rejectUnauthorized: true, pauseOnConnect: true };
    const server = createServer({ ...credentials, ...options });
    this.#servers.set(credentials, server);
    return server;
  }

  #admit(origin: ClientOrigin, listener: Listener): Result<DescriptorLease> {
    const pending = this.#pendingOf.of(origin.address);
    if (pending < MAX_PER_ADDRESS[listener.accepts]) return this.#context.admit(origin, listener);
    const denialReason = this.#context.denialReason(origin, listener);
    return fail(denialReason ?? `${clientName(origin)} has ${pending} TLS handshakes under way already`);
  }

  /**
   * Keeps account of a handshake, and has it fail when its time is over.
   *
   * @param failed called when it has failed
   * @param silent called in place of `failed` when the client has left without a byte
   */
  #track(socket: Socket, address: string | undefined, failed: (reason: string) => void, silent: () => void): Handshake {
    if (this.#pending.size >= this.#maxPending) this.#failOldest();
    this.#pendingOf.add(address);
    const { bytesRead: before } = socket; // of the header of a proxy
    const complete = (): boolean => {
      if (!this.#pending.delete(socket)) return false;
      limit.cancel();
      this.#pendingOf.remove(address);
      return true;
    };
    const fail = (reason: string): void => {
      if (!complete()) return;
      if (socket.bytesRead === before) silent();
      else failed(reason);
    };
    const limit = this.#context.clock.after(LIMIT_MS, () => {
      if (complete()) failed(`no TLS handshake within ${LIMIT_MS / 1000} s`);
    });
    this.#pending.set(socket, (reason) => complete() && failed(reason));
    const pending = this.#pending;
    return {
      complete,
      fail,
      get isOver() {
        return !pending.has(socket);
      },
    };
  }

  #failOldest(): void {
    const [failOldest] = this.#pending.values();
    failOldest?.(`TLS: ${this.#maxPending} handshakes are under way, and this was the oldest`);
  }

  #reject(socket: Socket, origin: ClientOrigin, listener: Listener, reason: string): void {
    this.#context.rejections.mention(origin, listener, reason);
    socket.destroy();
  }
}

/** The end of a client; of one that a proxy speaks for, with the address that the proxy has told. */
function endOf(tls: TLSSocket, keepaliveMs: number, { endpoints }: ClientOrigin): StreamEnd {
  if (endpoints === undefined) return new StreamEnd(tls, keepaliveMs);
  return new ProxiedEnd(tls, keepaliveMs, undefined, endpoints.from);
}

/**
 * Has a server do the handshake of one socket. Node tells the server how a handshake has ended, but not of which socket that was: so the
 * socket gets a server of its own, which is the same except for what it is told.
 */
function shakeHands(server: Server, socket: Socket, { failed, secured }: ServerEvents): void {
  const own: Server = Object.create(server, {
    emit: {
      value(event: string, ...args: unknown[]): boolean {
        if (event === "secureConnection") secured(args[0] as TLSSocket);
        else if (event === "tlsClientError") failed(args[0] as Error, args[1] as TLSSocket);
        else return Reflect.apply(server.emit, own, [event, ...args]);
        return true;
      },
    },
  });
  own.emit("connection", socket);
}

/** Why a handshake has failed: what is wrong with the client's certificate, or what OpenSSL says. */
function explain(error: TlsError, { authorizationError }: TLSSocket): string {
  // Node sets it to null while nothing is wrong, other than its types say
  const wrong = authorizationError as Error | string | null | undefined;
  if (wrong) return `TLS: its certificate is not good (${wrong})`;
  if (error.code === "ECONNRESET") return `TLS: ${LEFT}`;
  const reason = error.reason ?? error.message;
  return NO_TLS.has(reason) ? `TLS: it speaks no TLS (${reason})` : `TLS: ${reason}`;
}
