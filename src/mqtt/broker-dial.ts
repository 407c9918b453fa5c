import type { Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { tlsConnectOptions } from "../dial/tls-connect-options.js";
import type { Credentials } from "../dial/tls-credentials.js";
import { explainTlsFailure } from "../dial/tls-failure.js";
import type { Attempt, Outcome } from "../sockets/connecting.js";
import type { RaceContext } from "../sockets/host-race.js";
import { reachHost } from "../sockets/reach-host.js";

/** How a broker is spoken to by TLS. */
export interface BrokerTls {
  readonly credentials: Credentials;
  readonly verify: boolean;
}

/** From the first packet to the last one of the handshake, in milliseconds. Brokers are near; a name may have several addresses. */
const TIMEOUT_MS = 10_000;

/** Connects to a broker, by name as everything else of the daemon. The outcome is told later, once. */
export function dialBroker(
  target: HostPort,
  tls: BrokerTls | undefined,
  context: RaceContext,
  { connected, failed }: Outcome<Socket>,
): Attempt {
  let handshake: TLSSocket | undefined;
  const over = (error: Error): void => {
    limit.cancel();
    failed(error);
  };
  const limit = context.clock.after(TIMEOUT_MS, () => {
    cancel();
    failed(new Error(`no connection to ${formatHostPort(target)} within ${TIMEOUT_MS / 1000} s`));
  });
  const done = (socket: Socket): void => {
    limit.cancel();
    connected(socket);
  };
  const way = reachHost(target, { noDelay: true }, context, {
    connected(tcp) {
      if (tls === undefined) return done(tcp);
      const options = { ...DEFAULT_OPTIONS, transport: "tls" as const, verifyCertificate: tls.verify };
      const asked = { ...options, name: target.host, hasCertificate: tls.credentials.cert !== undefined };
      const explained = (error: Error): void => {
        const message = explainTlsFailure(error, asked);
        over(message === undefined ? error : new Error(message, { cause: error }));
      };
      handshake = secured(tcp, tlsConnectOptions({ target, options }, tls.credentials), {
        connected: done,
        failed: explained,
      });
    },
    failed: over,
  });
  const cancel = (): void => {
    limit.cancel();
    if (handshake === undefined) way.cancel();
    else handshake.destroy();
  };
  return { cancel };
}

/** Begins a handshake. Undefined, where OpenSSL takes our own certificate for too weak. */
function secured(
  tcp: Socket,
  options: ConnectionOptions,
  { connected, failed }: Outcome<Socket>,
): TLSSocket | undefined {
  try {
    const socket = connectTls({ ...options, socket: tcp });
    socket.on("error", failed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      connected(socket);
    });
    return socket;
  } catch (error) {
    tcp.destroy();
    failed(error as Error);
    return undefined;
  }
}
