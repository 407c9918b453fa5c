import { type HostPort, isLoopback } from "./address.js";
import type { Endpoints } from "./proxy-protocol.js";

/**
 * Where a client is, as far as the daemon knows. The daemon finds the origin once, when it accepts the client, and passes it on to every
 * connection that it opens for this client: a client that loops through the daemon keeps its first address.
 */
export interface ClientOrigin {
  /** The IP address of the client; undefined for a shared connection of several clients, and for connections of the daemon itself. */
  readonly address: string | undefined;
  /** The configuration line that the client has reached last: see {@link lineName}. */
  readonly line: string;
  /** How many ports of this daemon the client has passed before this one; {@link Number.POSITIVE_INFINITY} in a loop. */
  readonly hops: number;
  /** A proxy speaks for the client (PROXY protocol): it never counts as one of this machine. */
  readonly isProxied?: true;
  /** The ends of the client's own connection, where they are not those of the socket: a proxy has told them, or a line of ours. */
  readonly endpoints?: Endpoints;
  /** The daemon itself tells something there, to a Luup engine or a webhook: nothing is told of such a connection. */
  readonly tells?: true;
}

/** The origin of a connection that multiplexes several clients, or that the daemon opens for itself. */
export function sharedOrigin(line: string): ClientOrigin {
  return { address: undefined, line, hops: 0 };
}

/** The origin of the connections on which the daemon tells what happens. */
export const TELLER_ORIGIN: ClientOrigin = { address: undefined, line: "notifications", hops: 0, tells: true };

/** A configuration line: the first port it listens on, and its name where it has one (docs/configuration.md). */
export interface LineId {
  readonly port: number;
  readonly name?: string;
}

/** A configuration line as messages show it: `mux port 5020`, or `mux inverter (port 5020)`. */
export function lineName(
  kind: "proxy" | "direct" | "mux" | "tunnel",
  { port, name, datagrams = false }: LineId & { readonly datagrams?: boolean },
): string {
  const place = `${datagrams ? "UDP " : ""}port ${port}`;
  return name === undefined ? `${kind} ${place}` : `${kind} ${name} (${place})`;
}

/** A configuration line in short, where its kind is known: `5020`, or `inverter 5020`. */
export function lineLabel({ port, name }: LineId): string {
  return name === undefined ? String(port) : `${name} ${port}`;
}

/** The client as messages show it: its address, or `a shared link` for the client of a multiplexed connection. */
export function clientName({ address = "a shared link" }: ClientOrigin): string {
  return address;
}

/** Whether the client is on this machine: its address is a loopback address, and that is not only what a proxy says. */
export function isLocalClient({ address, isProxied }: ClientOrigin): boolean {
  return !isProxied && address !== undefined && isLoopback(address);
}

/**
 * The origin with the ends that a server is to be told (`send-proxy`). It stays without them where nobody knows whom the connection is for.
 *
 * @param client the peer of the client's socket
 * @param own our side of it
 */
export function withEndpoints(origin: ClientOrigin, client: HostPort, own: HostPort): ClientOrigin {
  const { address, isProxied, endpoints } = origin;
  if (isProxied || address === undefined || endpoints !== undefined) return origin;
  return { ...origin, endpoints: { from: { host: address, port: client.port }, to: own } };
}
