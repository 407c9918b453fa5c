import type { TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect } from "node:tls";
import { isAddress } from "../core/net/address.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { AttemptContext, StartAttempt } from "./attempt.js";
import { connectOptions } from "./tcp-attempt.js";

/** Connects by TLS. */
export const attemptTls: StartAttempt = (request, context, owner) => {
  const { own, origin, settings } = context;
  const socket = connect({ ...connectOptions(request, context), ...tlsOptions(request, context) });
  const failed = (error: Error): void => owner.failed(error);
  own.dialling(socket, origin);
  socket.on("error", failed);
  socket.once("secureConnect", () => {
    socket.off("error", failed);
    owner.connected(new StreamEnd(socket, settings.keepalive), socket);
  });
  return { cancel: () => socket.destroy() };
};

/** The options of TLS itself: whom to trust, and by which name. */
function tlsOptions(
  { target, options }: ConnRequest,
  { credentials }: AttemptContext,
): ConnectionOptions & Pick<TcpNetConnectOpts, "allowHalfOpen"> {
  const name = options.tlsName ?? target.host;
  return {
    ...credentials,
    allowHalfOpen: true,
    rejectUnauthorized: options.verifyCertificate,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    ...(!isAddress(name) && { servername: name }),
  };
}
