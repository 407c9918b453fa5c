import { proxyHeader } from "../core/net/proxy-protocol.js";
import { whenConnected } from "../sockets/connecting.js";
import { connectTcp, resetTcp } from "../sockets/tcp-end.js";
import { attemptTarget, type StartAttempt } from "./attempt.js";

/** A socket that connects, and what makes an end of it then. */
type Connecting = ReturnType<typeof connectTcp>;

/** Connects by TCP. */
export const attemptTcp: StartAttempt = (request, context, owner) => {
  const { own, origin, settings } = context;
  const { sendProxy } = request.options;
  const outcome = {
    connected: ({ socket, adopt }: Connecting) => {
      const end = adopt();
      if (sendProxy !== undefined) end.write(proxyHeader(sendProxy, origin.endpoints));
      owner.connected(end, socket);
    },
    failed: (error: Error) => owner.failed(error),
  };
  return attemptTarget<Connecting>(request, context, outcome, (place, { connected, failed }) => {
    const connecting = connectTcp(place, request.options.blockSize, settings.keepalive);
    own.dialing(connecting.socket, origin);
    return whenConnected(connecting.socket, { connected: () => connected(connecting), failed }, (words, error) =>
      connected(resetTcp(words, error, place, settings.keepalive)),
    );
  });
};
