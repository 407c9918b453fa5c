import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { ConnectionStatus, DaemonStatus } from "../core/status/daemon-status.js";

/** What `reverse-proxy status` prints. */
export interface ReverseProxyStatus {
  readonly running: boolean;
  readonly listen_port: number;
  /** As `cli.yml` names it; of several servers the first. */
  readonly target_ip: string | null;
  readonly target_port: number | null;
  /** All servers, where there are several: `host:port`. */
  readonly targets?: readonly string[];
  readonly active_connections: number;
  /** By their ids. */
  readonly connections: Readonly<Record<string, ReverseProxyConnection>>;
}

export interface ReverseProxyConnection {
  /** `host:port` */
  readonly client_address: string;
  /** ISO 8601 */
  readonly connected_at: string;
  /** In both directions together. */
  readonly bytes_relayed: number;
}

/**
 * What there is to tell of a Conbus reverse proxy. Connections that are over, and wait only for the client to close its end,
 * are left out.
 *
 * @param port its port
 * @param status what it tells itself; nothing when it does not run
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
    connections: Object.fromEntries(clients.map((client) => [client.id, connectionStatus(client)])),
  };
}

function connectionStatus({ client, clientPort, openedAt, received, sent }: ConnectionStatus): ReverseProxyConnection {
  return {
    client_address: formatHostPort({ host: client, port: clientPort }),
    connected_at: openedAt,
    bytes_relayed: received + sent,
  };
}
