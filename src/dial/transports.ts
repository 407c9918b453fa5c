import { createSocket, type Socket as UdpSocket } from "node:dgram";
import type { TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from "node:tls";
import type { Settings } from "../core/config/settings.js";
import { isAddress } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { End } from "../sockets/end.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import { StreamEnd } from "../sockets/stream-end.js";
import { connectTcp } from "../sockets/tcp-end.js";
import { UdpEnd } from "../sockets/udp-end.js";
import { permittedLookup, resolvePermitted, type TargetRules } from "./resolve.js";
import type { Credentials } from "./tls-credentials.js";

const MAX_ATTEMPT_MS = 1000; // a dead address of a name costs this much before the next one is tried
const MIN_ATTEMPT_MS = 10; // Node takes no less

/** What an attempt needs to know besides its target. */
export interface AttemptContext extends TargetRules {
  readonly settings: Pick<Settings, "keepalive">;
  readonly own: Pick<OwnSockets, "isOffLimits" | "dialling">;
  /** The client whose bytes the connection will carry. */
  readonly origin: ClientOrigin;
  /** For TLS: our own certificate, and the authority that the remote's must be of. */
  readonly credentials: Credentials;
}

/** Told how an attempt has ended. */
export interface AttemptOwner {
  /** @param socket emits `close` when the connection is over */
  connected(end: End, socket: NodeJS.EventEmitter): void;
  failed(error: Error): void;
}

/** An attempt to connect that is under way. */
export interface Attempt {
  /** Gives up; the owner is told nothing more. */
  cancel(): void;
}

type StartAttempt = (request: ConnRequest, context: AttemptContext, owner: AttemptOwner) => Attempt;

/** How each transport (PRTO) connects. */
export const TRANSPORTS: Readonly<Record<ConnRequest["options"]["transport"], StartAttempt>> = {
  tcp(request, context, owner) {
    const { own, origin, settings } = context;
    const options = connectOptions(request, context);
    const { socket, adopt } = connectTcp(options, request.options.blockSize, settings.keepalive);
    const failed = (error: Error): void => owner.failed(error);
    own.dialling(socket, origin);
    socket.on("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed); // it keeps the whole attempt in memory
      owner.connected(adopt(), socket);
    });
    return { cancel: () => socket.destroy() };
  },

  tls(request, context, owner) {
    const { own, origin, settings } = context;
    const socket = connectTls(tlsOptions(request, context));
    const failed = (error: Error): void => owner.failed(error);
    own.dialling(socket, origin);
    socket.on("error", failed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      owner.connected(new StreamEnd(socket, settings.keepalive), socket);
    });
    return { cancel: () => socket.destroy() };
  },

  udp({ target }, context, owner) {
    const attempt = new UdpAttempt();
    attempt.run(target.port, resolvePermitted(target, context), owner).catch((error: Error) => owner.failed(error));
    return attempt;
  },
};

function connectOptions({ target, options }: ConnRequest, context: AttemptContext): TcpNetConnectOpts {
  const attemptMs = Math.min(MAX_ATTEMPT_MS, Math.floor(options.connectTimeoutMs / 2));
  return {
    host: target.host,
    port: target.port,
    lookup: permittedLookup(target, context),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(MIN_ATTEMPT_MS, attemptMs),
  };
}

function tlsOptions(request: ConnRequest, context: AttemptContext): ConnectionOptions & TcpNetConnectOpts {
  const { target, options } = request;
  const name = options.tlsName ?? target.host;
  return {
    ...connectOptions(request, context),
    ...context.credentials,
    allowHalfOpen: true,
    rejectUnauthorized: options.verifyCertificate,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    ...(!isAddress(name) && { servername: name }),
  };
}

/** Connects a UDP socket to the first address of a name that has a route. */
class UdpAttempt implements Attempt {
  #socket: UdpSocket | undefined;
  #isCancelled = false;

  async run(
    port: number,
    addresses: Promise<readonly { readonly address: string; readonly family: number }[]>,
    owner: AttemptOwner,
  ): Promise<void> {
    let problem: unknown = new Error("no address");
    for (const { address, family } of await addresses) {
      if (this.#isCancelled) return;
      try {
        const socket = createSocket(family === 6 ? "udp6" : "udp4");
        this.#socket = socket;
        await connectUdp(socket, port, address);
        if (!this.#isCancelled) owner.connected(new UdpEnd(socket), socket);
        return;
      } catch (error) {
        this.#close();
        problem = error;
      }
    }
    throw problem;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#close();
  }

  #close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** Rejects where there is no route. Node hands the error to the callback, though its types do not say so. */
function connectUdp(socket: UdpSocket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const connected = (error?: Error | null): void => (error ? reject(error) : resolve());
    socket.once("error", reject);
    socket.connect(port, address, connected);
  });
}
