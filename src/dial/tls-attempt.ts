import { connect } from "node:tls";
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
    owner.connected(new StreamEnd(socket, settings.keepalive), socket);
  });
  return { cancel: () => socket.destroy() };
};
