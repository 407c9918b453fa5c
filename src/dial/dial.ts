import { createSocket, type Socket as UdpSocket } from "node:dgram";
import type { TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from "node:tls";
import type { AccessRules } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import { isAddress } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { End } from "../sockets/end.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import { StreamEnd } from "../sockets/stream-end.js";
import { connectTcp } from "../sockets/tcp-end.js";
import { UdpEnd } from "../sockets/udp-end.js";
import type { Clock, Timer } from "../system/clock.js";
import type { DescriptorBudget } from "../system/descriptor-budget.js";
import { permittedLookup, resolvePermitted, targetDenialReason } from "./resolve.js";
import type { Credentials } from "./tls-credentials.js";

/** Why a remote could not be reached, in words for the client; the cause is kept. */
export class DialError extends Error {
  override readonly name = "DialError";
}

/** What dialling needs of the daemon. */
export interface DialContext {
  readonly clock: Clock;
  readonly access: AccessRules;
  readonly settings: Settings;
  readonly own: OwnSockets;
  readonly descriptors: DescriptorBudget;
}

/** One of several remotes that an order leaves the choice of. */
export interface Served {
  /** The order, with this one as its only target. */
  readonly request: ConnRequest;
  /** A connection to it is over: called once for each. */
  release(): void;
}

/** An attempt to reach a remote. */
export interface Dial {
  /** The remote, paused. Rejects with {@link DialError}. */
  readonly end: Promise<End>;
  /** Whether it opens a socket, or a channel of a connection that several clients share. */
  readonly kind: "socket" | "channel";
  /** Which of several it has reached, once it has. */
  readonly served?: Served | undefined;
  /** Gives up; {@link end} rejects. */
  abort(): void;
}

const MAX_ATTEMPT_MS = 1000; // a dead address of a name costs this much before the next one is tried

/** What is said when there is no descriptor for a remote. */
export const NO_MORE_FILES = "no more files can be opened (ulimit -n)";

const MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  EADDRNOTAVAIL: "address not available",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "unknown host (the name server does not answer)",
  ETIMEOUT: "unknown host (the name server does not answer)",
  ECANCELLED: "unknown host (the name server does not answer)",
  ECONNRESET: "connection reset",
  ETIMEDOUT: "timed out",
  EACCES: "not permitted",
  EMFILE: NO_MORE_FILES,
  ENFILE: NO_MORE_FILES,
};

/** The first cause in words; several addresses that failed count as one failure. */
function explain(error: NodeJS.ErrnoException): string {
  if (error instanceof AggregateError && error.errors.length > 0) return explain(error.errors.at(-1));
  const code = error.code ?? "";
  const known = MESSAGES[code];
  if (known !== undefined) return known;
  return /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/.test(code)
    ? `TLS: ${error.message} (${code})`
    : error.message;
}

/** A dial that has failed before it has begun. */
export function refusedDial(message: string): Dial {
  return { kind: "socket", end: Promise.reject(new DialError(message)), abort() {} };
}

/** A dial that has reached its remote at once: a channel of a connection that is there already. */
export function attachedDial(channel: End): Dial {
  return { kind: "channel", end: Promise.resolve(channel), abort() {} };
}

/**
 * Connects to what an order names, within its time limit. For a name, the addresses of both families are tried in turn (happy
 * eyeballs, RFC 8305, as Node does it).
 *
 * @param origin whose bytes it is to carry
 * @param credentials for TLS: what proves who we are, and who the remote is
 */
export function dial(
  request: ConnRequest,
  origin: ClientOrigin,
  context: DialContext,
  credentials: Credentials = {},
): Dial {
  const { target, options } = request;
  const { transport, connectTimeoutMs } = options;
  const denialReason = isAddress(target.host) ? targetDenialReason(target, target.host, context) : undefined;
  if (denialReason !== undefined) return refusedDial(denialReason);
  const lease = context.descriptors.take();
  if (lease === undefined) return refusedDial(NO_MORE_FILES);
  let abort = (): void => {};
  const end = new Promise<End>((resolve, reject) => {
    let settled = false;
    let timer: Timer | undefined;
    const settle = (how: () => void): void => {
      if (settled) return;
      settled = true;
      timer?.cancel();
      how();
    };
    const fail = (message: string, cause?: Error): void =>
      settle(() => {
        attempt.cancel();
        lease.release();
        reject(new DialError(message, { cause }));
      });
    const attempt = ATTEMPTS[transport](
      request,
      origin,
      context,
      (connected, socket) =>
        settle(() => {
          socket.on("close", () => lease.release());
          resolve(connected);
        }),
      (error) => fail(explain(error), error),
      credentials,
    );
    timer = context.clock.after(connectTimeoutMs, () => fail(`timed out after ${connectTimeoutMs} ms`));
    abort = () => fail("given up");
  });
  return { kind: "socket", end, abort: () => abort() };
}

/** One transport's way to connect: tells of success or failure, and can be cancelled. */
type Attempt = (
  request: ConnRequest,
  origin: ClientOrigin,
  context: DialContext,
  done: (end: End, socket: NodeJS.EventEmitter) => void,
  failed: (error: Error) => void,
  credentials: Credentials,
) => { cancel(): void };

const ATTEMPTS: Readonly<Record<ConnRequest["options"]["transport"], Attempt>> = {
  tcp(request, origin, context, done, failed) {
    const options = connectOptions(request, context);
    const { socket, adopt } = connectTcp(options, request.options.blockSize, context.settings.keepalive);
    context.own.dialling(socket, origin);
    socket.on("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed); // and with it all that only the attempt needs
      done(adopt(), socket);
    });
    return { cancel: () => socket.destroy() };
  },

  tls(request, origin, context, done, failed, credentials) {
    const { target, options } = request;
    const name = options.tlsName ?? target.host;
    const tls: ConnectionOptions & TcpNetConnectOpts = {
      ...connectOptions(request, context),
      ...credentials,
      allowHalfOpen: true,
      rejectUnauthorized: options.verifyCertificate,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      ...(!isAddress(name) && { servername: name }),
    };
    const socket = connectTls(tls);
    context.own.dialling(socket, origin);
    socket.on("error", failed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      done(new StreamEnd(socket, context.settings.keepalive), socket);
    });
    return { cancel: () => socket.destroy() };
  },

  udp({ target }, _origin, context, done, failed) {
    let socket: UdpSocket | undefined;
    let cancelled = false;

    async function attempt(): Promise<void> {
      let error: unknown = new Error("no address");
      for (const { address, family } of await resolvePermitted(target, context)) {
        if (cancelled) return;
        try {
          socket = createSocket(family === 6 ? "udp6" : "udp4");
          await connectUdp(socket, target.port, address);
          if (cancelled) return;
          done(new UdpEnd(socket), socket);
          return;
        } catch (reason) {
          socket?.close();
          socket = undefined;
          error = reason;
        }
      }
      throw error;
    }
    attempt().catch(failed);
    return {
      cancel() {
        cancelled = true;
        socket?.close();
        socket = undefined;
      },
    };
  },
};

/** Connects a UDP socket; rejects where there is no route. Node hands the error to the callback, other than its types say. */
function connectUdp(socket: UdpSocket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const connected = (error?: Error | null): void => (error ? reject(error) : resolve());
    socket.once("error", reject);
    socket.connect(port, address, connected);
  });
}

function connectOptions({ target, options }: ConnRequest, context: DialContext): TcpNetConnectOpts {
  return {
    host: target.host,
    port: target.port,
    lookup: permittedLookup(target, context),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.min(MAX_ATTEMPT_MS, Math.floor(options.connectTimeoutMs / 2))),
  };
}
