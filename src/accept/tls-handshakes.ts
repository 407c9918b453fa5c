import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { Tally } from "../core/collections/tally.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import type { Credentials } from "../dial/tls-credentials.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { Listener } from "./listener.js";
import type { Rejections } from "./rejections.js";

/** From the connection to the end of the handshake, however busy the client is meanwhile. */
const LIMIT_MS = 10_000;
/** One address has so many under way at a time: who says nothing costs little. */
const MOST_OF_ONE = 8;

/** What handshakes need of the daemon. */
export interface TlsHandshakesContext {
  readonly clock: Clock;
  readonly rejections: Pick<Rejections, "mention">;
  /** See {@link StreamEnd}. */
  readonly keepalive: () => number;
  /** Why a client of this origin is not taken in. */
  denialReason(origin: ClientOrigin, listener: Listener): string | undefined;
  /** Descriptors are taken by clients that are not taken in yet, or given back. */
  count(change: number): void;
  /** Takes a client in that speaks TLS. */
  take(client: StreamEnd, origin: ClientOrigin, listener: Listener): void;
}

/** Clients that have connected to a port that speaks TLS, until they do: they are no connections before. */
export class TlsHandshakes {
  readonly #context: TlsHandshakesContext;
  /** Under way, and how many from each address. */
  readonly #pending = new Set<Socket>();
  readonly #addresses = new Tally<string | undefined>();

  constructor(context: TlsHandshakesContext) {
    this.#context = context;
  }

  /**
   * Begins with one. A client that fails is closed, and the log told as of those who are turned away.
   *
   * @param socket just accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more
   * @param credentials with an authority, the client needs a certificate of it
   */
  begin(socket: Socket, origin: ClientOrigin, listener: Listener, credentials: Credentials): void {
    socket.on("error", () => {}); // what happens to it is told by the TLS socket upon it
    const denialReason = this.#denialReason(origin, listener);
    if (origin.address === "" || denialReason !== undefined) {
      this.#reject(socket, origin, listener, denialReason);
      return;
    }
    this.#pending.add(socket);
    this.#addresses.add(origin.address);
    this.#context.count(1);
    const limit = this.#context.clock.after(LIMIT_MS, () => fail(`no TLS handshake within ${LIMIT_MS / 1000} s`));
    /** @returns whether that is news */
    const settle = (): boolean => {
      if (!this.#pending.delete(socket)) return false;
      limit.cancel();
      this.#addresses.remove(origin.address);
      this.#context.count(-1);
      return true;
    };
    const fail = (reason: string): void => {
      if (settle()) this.#reject(socket, origin, listener, reason);
    };
    socket.allowHalfOpen = false; // who says FIN in the middle of it has given up
    // the TLS socket tells why, where it knows, after that
    socket.once("close", () => setImmediate(() => fail("TLS: it has left before the end of the handshake")));
    const options = { requestCert: credentials.ca !== undefined, rejectUnauthorized: true, pauseOnConnect: true };
    // a server of its own for each, so that it is known whose handshake has failed; it listens on nothing
    createServer({ ...credentials, ...options })
      .on("tlsClientError", (error, tls) => fail(explain(error, tls)))
      .on("secureConnection", (tls) => {
        if (!settle()) return;
        tls.allowHalfOpen = true;
        const late = this.#context.denialReason(origin, listener); // others may have come meanwhile
        if (late === undefined) this.#context.take(new StreamEnd(tls, this.#context.keepalive()), origin, listener);
        else this.#reject(socket, origin, listener, late);
      })
      .emit("connection", socket);
  }

  /** Ends all that are under way. */
  close(): void {
    for (const socket of [...this.#pending]) socket.destroy();
  }

  #reject(socket: Socket, origin: ClientOrigin, listener: Listener, reason: string | undefined): void {
    if (reason !== undefined && origin.address !== "") this.#context.rejections.mention(origin, listener, reason);
    socket.destroy();
  }

  #denialReason(origin: ClientOrigin, listener: Listener): string | undefined {
    const denialReason = this.#context.denialReason(origin, listener);
    if (denialReason !== undefined) return denialReason;
    const same = this.#addresses.of(origin.address);
    return same < MOST_OF_ONE ? undefined : `${clientName(origin)} has ${same} TLS handshakes under way already`;
  }
}

/** Why a handshake has failed: what is wrong with the client's certificate, or what OpenSSL says. */
function explain(error: Error & { readonly reason?: string }, { authorizationError }: TLSSocket): string {
  // set to null, other than the types say, while nothing is wrong
  const wrong = authorizationError as Error | string | null | undefined;
  return wrong ? `TLS: its certificate is not good (${wrong})` : `TLS: ${error.reason ?? error.message}`;
}
