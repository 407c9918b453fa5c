import { connect } from "node:tls";
import type { TlsOptions } from "../core/options/tls-options.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { StartAttempt } from "./attempt.js";
import { DialError } from "./dial-error.js";
import { connectOptions } from "./tcp-attempt.js";
import { tlsConnectOptions } from "./tls-connect-options.js";
import { explainTlsFailure, type TlsError } from "./tls-failure.js";

/** Connects by TLS. */
export const attemptTls: StartAttempt = (request, context, owner) => {
  const { own, origin, settings } = context;
  const socket = connect({ ...connectOptions(request, context), ...tlsConnectOptions(request, context.credentials) });
  const failed = (error: TlsError): void => {
    const message = explainTlsFailure(error, request.options);
    owner.failed(message === undefined ? error : new DialError(message, { cause: error }));
  };
  own.dialling(socket, origin);
  socket.on("error", failed);
  socket.once("secureConnect", () => {
    socket.off("error", failed);
    socket.on("error", (error: TlsError) => reword(error, request.options));
    owner.connected(new StreamEnd(socket, settings.keepalive), socket);
  });
  return { cancel: () => socket.destroy() };
};

/** Puts our words into an error of TLS behind the handshake: with TLS 1.3 a server may only then say that it wants a certificate. */
function reword(error: TlsError, options: TlsOptions): void {
  const told = error.code?.startsWith("ERR_SSL") ? explainTlsFailure(error, options) : undefined;
  if (told !== undefined) error.message = told;
}
