import type { EventEmitter } from "node:events";
import type { AddressInfo } from "node:net";

/** Where a server listens: an address and port, a Unix socket, or a socket that listens already. */
export interface ListenWhere {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  readonly fd?: number;
}

/** What a port uses of a server: one of Node for connections, or one for datagrams. */
export interface PortServer extends EventEmitter {
  readonly listening: boolean;
  address(): AddressInfo | string | null;
  /** Begins to listen: `listening` or `error` follows. */
  listen(where: ListenWhere, backlog: number): unknown;
  close(): unknown;
  /** Of datagrams: stops listening, while the clients that there are go on to be answered. */
  leave?(): void;
  /** Of datagrams: the descriptor of its socket. */
  readonly fd?: number | undefined;
}
