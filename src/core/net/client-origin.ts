import { isLoopback } from "./address.js";

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
}

/** The origin of a connection that multiplexes several clients, or that the daemon opens for itself. */
export function sharedOrigin(line: string): ClientOrigin {
  return { address: undefined, line, hops: 0 };
}

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

/** Whether the client is on this machine: its address is a loopback address. */
export function isLocalClient({ address }: ClientOrigin): boolean {
  return address !== undefined && isLoopback(address);
}
