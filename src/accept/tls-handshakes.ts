import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { Tally } from "../core/collections/tally.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import { fail, type Result } from "../core/parse/result.js";
import type { Credentials } from "../dial/tls-credentials.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { DescriptorLease } from "../system/descriptor-budget.js";
import type { Listener } from "./listener.js";
import type { Rejections } from "./rejections.js";

/** From the connection to the end of the handshake, whatever the client sends meanwhile. */
const LIMIT_MS = 10_000;
/** Handshakes of one address at a time: a client that never completes one costs little. */
const MAX_PER_ADDRESS = 8;

/** What became of a client whose socket has no address any more. */
export const GONE_ALREADY = "it was gone before it was accepted";

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
  /** Returns false when the handshake has failed before. */
  complete(): boolean;
  fail(reason: string): void;
}

/** Clients of ports that speak TLS, until their handshake is complete: they are no connections before. */
export class TlsHandshakes {
  readonly #context: TlsHandshakesContext;
  /** Sockets whose handshake is under way, and how many each address has. */
  readonly #pending = new Set<Socket>();
  readonly #pendingOf = new Tally<string | undefined>();

  constructor(context: TlsHandshakesContext) {
    this.#context = context;
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
      this.#context.rejections.leftAtOnce(origin, listener, "came and went without a byte");
      socket.destroy();
    };
    const handshake = this.#track(socket, origin.address, reject, silent);
    socket.allowHalfOpen = false; // a client that sends FIN in the middle of a handshake has given up
    // the TLS socket reports a reason, where it knows one, only after this event
    socket.once("close", () => setImmediate(() => handshake.fail("TLS: it has left before the end of the handshake")));
    const options = { requestCert: credentials.ca !== undefined, rejectUnauthorized: true, pauseOnConnect: true };
    // a server for each handshake, so that its events tell whose handshake has failed; the server listens on nothing
    createServer({ ...credentials, ...options })
      .on("tlsClientError", (error, tls) => handshake.fail(explain(error, tls)))
      .on("secureConnection", (tls) => {
        if (!handshake.complete()) return;
        tls.allowHalfOpen = true;
        const late = this.#context.denialReason(origin, listener); // others may have connected meanwhile
        if (late !== undefined) reject(late);
        else this.#context.serve(new StreamEnd(tls, this.#context.keepalive()), origin, listener, lease);
      })
      .emit("connection", socket);
  }

  /** Ends all handshakes that are under way. */
  close(): void {
    for (const socket of [...this.#pending]) socket.destroy();
  }

  #admit(origin: ClientOrigin, listener: Listener): Result<DescriptorLease> {
    const pending = this.#pendingOf.of(origin.address);
    if (pending < MAX_PER_ADDRESS) return this.#context.admit(origin, listener);
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
    this.#pending.add(socket);
    this.#pendingOf.add(address);
    const complete = (): boolean => {
      if (!this.#pending.delete(socket)) return false;
      limit.cancel();
      this.#pendingOf.remove(address);
      return true;
    };
    const fail = (reason: string): void => {
      if (!complete()) return;
      if (socket.bytesRead === 0) silent();
      else failed(reason);
    };
    const limit = this.#context.clock.after(LIMIT_MS, () => {
      if (complete()) failed(`no TLS handshake within ${LIMIT_MS / 1000} s`);
    });
    return { complete, fail };
  }

  #reject(socket: Socket, origin: ClientOrigin, listener: Listener, reason: string): void {
    this.#context.rejections.mention(origin, listener, reason);
    socket.destroy();
  }
}

/** Why a handshake has failed: what is wrong with the client's certificate, or what OpenSSL says. */
function explain(error: Error & { readonly reason?: string }, { authorizationError }: TLSSocket): string {
  // Node sets it to null while nothing is wrong, other than its types say
  const wrong = authorizationError as Error | string | null | undefined;
  return wrong ? `TLS: its certificate is not good (${wrong})` : `TLS: ${error.reason ?? error.message}`;
}
