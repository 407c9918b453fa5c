import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { proxyHeader } from "../core/net/proxy-protocol.js";
import { whenConnected } from "../sockets/connecting.js";
import { StreamEnd } from "../sockets/stream-end.js";
import { attemptTarget, type StartAttempt } from "./attempt.js";
import { DialError } from "./dial-error.js";
import { tlsConnectOptions } from "./tls-connect-options.js";
import { type Asked, explainTlsFailure, type TlsError } from "./tls-failure.js";

/** A server that speaks another protocol may wait for us to begin. */
const SILENT_SERVER = "the TCP connection is there, but the server says nothing in the TLS handshake";

/** Connects by TLS: over the first address that takes a connection. */
export const attemptTls: StartAttempt = (request, context, owner) => {
  const { own, origin, settings, credentials } = context;
  const { options, target } = request;
  const asked: Asked = {
    ...options,
    name: options.tlsName ?? target.host,
    hasCertificate: credentials.cert !== undefined,
  };
  let handshake: TLSSocket | undefined;
  const secure = (tcp: Socket): void => {
    const failed = (error: TlsError): void => {
      const message = explainTlsFailure(error, asked);
      owner.failed(message === undefined ? error : new DialError(message, { cause: error }));
    };
    if (options.sendProxy !== undefined) tcp.write(proxyHeader(options.sendProxy, origin.endpoints));
    const socket = begin({ ...tlsConnectOptions(request, credentials), socket: tcp });
    if (socket instanceof Error) {
      tcp.destroy();
      failed(socket);
      return;
    }
    handshake = socket;
    socket.on("error", failed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      socket.on("error", (error: TlsError) => reword(error, asked));
      owner.connected(new StreamEnd(socket, settings.keepalive), socket);
    });
  };
  const outcome = { connected: secure, failed: (error: Error) => owner.failed(error) };
  const way = attemptTarget<Socket>(request, context, outcome, (place, each) => {
    const tcp = connectTcp({ ...place, allowHalfOpen: true });
    own.dialing(tcp, origin);
    return whenConnected(tcp, each);
  });
  return {
    get lastError() {
      return handshake === undefined ? way.lastError : new Error(SILENT_SERVER);
    },
    cancel() {
      if (handshake === undefined) way.cancel();
      else handshake.destroy(); // and its TCP socket with it; to destroy that one first crashes Node at the end of a handshake
    },
  };
};

/** Begins a handshake. Returns why OpenSSL takes our own certificate for too weak. */
function begin(options: ConnectionOptions): TLSSocket | Error {
  try {
    return connect(options);
  } catch (error) {
    return error as Error;
  }
}

/** Puts our words into an error of TLS behind the handshake: with TLS 1.3 a server may only then say that it wants a certificate. */
function reword(error: TlsError, asked: Asked): void {
  const told = error.code?.startsWith("ERR_SSL") ? explainTlsFailure(error, asked) : undefined;
  if (told !== undefined) error.message = told;
}
