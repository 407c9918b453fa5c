import type { Connection } from "../connection/connection.js";
import type { HostPort } from "../core/net/address.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { Credentials } from "../dial/tls-credentials.js";
import type { End } from "../sockets/end.js";

/** A port or a Unix socket to accept connections on, and what happens to them. */
export interface Listener {
  readonly kind: string;
  readonly port: number;
  /** The Unix socket, in place of a port. Its folder says who may connect, not `[access]`. */
  readonly path?: string;
  /** What the log calls it: `direct port 8125`. */
  readonly name: string;
  /** The line of the configuration that it belongs to, where it is not called the same. */
  readonly line?: string;
  /** Nobody may reach it through the daemon itself: here a client's address says what it may do. */
  readonly sealed?: true;
  /** Whether the daemon is nothing without it: the proxy's own port, or that of the one job it was started for. */
  readonly essential: boolean;
  /** Where its connections go, when it is not for the client to say. */
  readonly route?: ConnRequest & { readonly servers?: readonly HostPort[] };
  /** Its clients speak TLS: by what we prove who we are, and what authority they need a certificate of. */
  readonly secure?: Credentials;
  /** Who connects is the device of a tunnel: `[access]` has a list of its own for those. */
  readonly devices?: true;
  /** Takes a new connection in hand. */
  welcome(connection: Connection): void;
  /** Tells a client why it is not taken in, where clients of this port are told anything; its connection is closed then. */
  reject(client: End, reason: string): void;
}
