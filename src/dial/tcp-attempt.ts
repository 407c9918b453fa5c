import type { TcpNetConnectOpts } from "node:net";
import type { ConnRequest } from "../core/options/conn-request.js";
import { connectTcp } from "../sockets/tcp-end.js";
import type { AttemptContext, StartAttempt } from "./attempt.js";
import { permittedLookup } from "./resolve.js";

const MAX_ATTEMPT_MS = 1000; // a dead address of a name costs this much before the next one is tried
const MIN_ATTEMPT_MS = 10; // Node takes no less

/** Connects by TCP. */
export const attemptTcp: StartAttempt = (request, context, owner) => {
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
};

/** The options of a socket that connects to the target of a request. */
export function connectOptions({ target, options }: ConnRequest, context: AttemptContext): TcpNetConnectOpts {
  const attemptMs = Math.min(MAX_ATTEMPT_MS, Math.floor(options.connectTimeoutMs / 2));
  return {
    host: target.host,
    port: target.port,
    lookup: permittedLookup(target, context),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(MIN_ATTEMPT_MS, attemptMs),
  };
}
