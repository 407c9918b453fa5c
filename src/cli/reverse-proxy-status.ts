import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { ConnectionStatus, DaemonStatus } from "../core/status/daemon-status.js";

/** The JSON of `reverse-proxy status`. */
export interface ReverseProxyStatus {
  readonly running: boolean;
  readonly listen_port: number;
  /** The server as `cli.yml` names it; of several servers the first. */
  readonly target_ip: string | null;
  readonly target_port: number | null;
  /** All servers, where there are several: `host:port`. */
  readonly targets?: readonly string[];
  readonly active_connections: number;
  /** The connections by id. */
  readonly connections: Readonly<Record<string, ReverseProxyConnection>>;
}

export interface ReverseProxyConnection {
  /** `host:port` */
  readonly client_address: string;
  /** ISO 8601 */
  readonly connected_at: string;
  /** Bytes of both directions together. */
  readonly bytes_relayed: number;
}

/**
 * The status of a Conbus reverse proxy. It leaves out connections that only wait for the client to close its end.
 *
 * @param port its port
 * @param status the answer to STAT JSON; undefined when the proxy does not run
 */
export function reverseProxyStatus(port: number, status?: DaemonStatus): ReverseProxyStatus {
  const listener = status?.listeners.find((candidate) => candidate.kind === "direct" && candidate.port === port);
  const targets: readonly HostPort[] = listener?.targets ?? [];
  const clients = (status?.connections ?? []).filter(
    (one) => one.listener === listener?.name && one.phase !== "closing",
  );
  return {
    running: status !== undefined,
    listen_port: port,
    target_ip: targets[0]?.host ?? null,
    target_port: targets[0]?.port ?? null,
    ...(targets.length > 1 && { targets: targets.map(formatHostPort) }),
    active_connections: clients.length,
    connections: Object.fromEntries(clients.map((client) => [client.id, proxyConnection(client)])),
  };
}

function proxyConnection({ client, clientPort, openedAt, received, sent }: ConnectionStatus): ReverseProxyConnection {
  return {
    client_address: formatHostPort({ host: client, port: clientPort }),
    connected_at: openedAt,
    bytes_relayed: received + sent,
  };
}
