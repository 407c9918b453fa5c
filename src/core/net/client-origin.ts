import { isLoopback } from "./address.js";

/** Whose bytes come in by a port, or go out to a remote. It is found once, when the client is accepted. */
export interface ClientOrigin {
  /** Of the client; nothing: of several clients whom nobody can tell apart any more, or of the daemon itself. */
  readonly address: string | undefined;
  /** The line of the configuration that has them now: see {@link lineName}. */
  readonly line: string;
  /** How many ports of this daemon they have passed before; {@link Number.POSITIVE_INFINITY}: they go in a circle. */
  readonly hops: number;
}

/** Bytes of several clients whom nobody can tell apart, or of the daemon itself, which this line sends out. */
export function sharedOrigin(line: string): ClientOrigin {
  return { address: undefined, line, hops: 0 };
}

/** The name of a line of the configuration that is about a port. */
export function lineName(kind: "proxy" | "direct" | "mux" | "tunnel", port: number): string {
  return `${kind} port ${port}`;
}

/** What messages call the client. */
export function clientName({ address = "a shared link" }: ClientOrigin): string {
  return address;
}

/** Whether that is a client of this machine. */
export function isLocalClient({ address }: ClientOrigin): boolean {
  return address !== undefined && isLoopback(address);
}
