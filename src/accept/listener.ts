import type { EndRules } from "../core/limits/end-rules.js";
import type { Network } from "../core/net/access-patterns.js";
import type { HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { Dial, ServerLease } from "../dial/dial.js";
import type { Credentials } from "../dial/tls-credentials.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { DoorRules } from "./door.js";

/**
 * The replies that a client gets while its remote is dialled: a line for success and for failure (`setup`), a line for failure only
 * (`direct`), or a reset for failure (`reset`).
 */
export type ReplyMode = "setup" | "direct" | "reset";

/** Something that uses a client's socket for a purpose of its own, such as the link of a tunnel. */
export interface SocketOwner {
  /** Ends that use, for this reason. */
  close(reason: string): void;
}

/** A client that has been admitted, and what the listener of its port may have done with it: one of the three, once. */
export interface AcceptedClient {
  /** The id of the connection, as STAT shows it. */
  readonly id: string;
  /** `host:port`, as the log and the monitor show it. */
  readonly name: string;
  readonly origin: ClientOrigin;
  /** The origin as the server is to know it: with the ends of the client's connection where the request says `send-proxy`. */
  originFor(request: ConnRequest): ClientOrigin;
  /** Greets the client and takes its commands. */
  beginSetup(): void;
  /**
   * Connects the client to a remote and relays from then on.
   *
   * @param startDial begins to connect to the remote
   */
  connect(request: ConnRequest, replyMode: ReplyMode, startDial: () => Dial): void;
  /**
   * Gives the client's socket to an owner.
   *
   * @param take is given the socket, what to call with a reason when the owner has finished, and what to call when the client has said
   *   something
   */
  handOver(take: (client: StreamEnd, finished: (reason: string) => void, heard: () => void) => SocketOwner): void;
}

/** How many clients listeners take together. */
export interface ClientLimit extends DoorRules {
  /** Listeners with the same key share the limit. */
  readonly key: string;
  /** Tells a client that there is no room for it, where the protocol of the port has words for that. The caller closes the connection. */
  refuse(client: StreamEnd, reason: string): void;
}

/** A port or a Unix socket to accept connections on, and what happens to them. */
export interface Listener {
  readonly kind: string;
  readonly port: number;
  /** The address to listen on; left out: the one that all ports share. */
  readonly host?: string;
  /** Its clients send datagrams: each address that sends any is a client. */
  readonly datagrams?: boolean;
  /** The Unix socket, in place of a port. The permissions of its folder decide who may connect, not `[access]`. */
  readonly path?: string;
  /** The listener's name in the log: `direct port 8125`. */
  readonly name: string;
  /** The name of the configuration section that the listener belongs to, where it has one. */
  readonly section?: string;
  /** The line of the configuration that the listener belongs to, where that has another name. */
  readonly line?: string;
  /**
   * Whether clients may come through another port of this daemon. `refused` where a client's address decides what it may do: such
   * a client would have the daemon's own address.
   */
  readonly throughDaemon: "allowed" | "refused";
  /** Who connects: devices of a tunnel have a list of their own in `[access]`. */
  readonly accepts: "clients" | "devices";
  /** How its connections end; left out: as those of CONN. */
  readonly ends?: EndRules;
  /** The daemon does not start without this port. */
  readonly essential: boolean;
  /** Where the connections go, when the client does not choose. */
  readonly route?: ConnRequest & { readonly servers?: readonly HostPort[] };
  /** Absent: the port takes as many clients as `[access]` allows. */
  readonly limit?: ClientLimit;
  /**
   * Clients speak TLS: our certificate, and the authority that has to have signed theirs. Or the name of the section `[tls NAME]` that has
   * them, as the last reload has read them.
   */
  readonly tls?: Credentials | string;
  /** Connections from these networks have to begin with the header of a proxy, which tells whose they are. Absent: none has. */
  readonly proxies?: readonly Network[];
  /** A claim for a connection to one of the listener's servers that another process has opened; undefined: it has no such server. */
  claim?(server: HostPort): Pick<ServerLease, "release"> | undefined;
  /** Begins to serve an admitted client. */
  welcome(client: AcceptedClient): void;
  /** Writes to a client why it is not admitted, where the protocol of the port has room for that. The caller closes the connection. */
  reject(client: StreamEnd, reason: string): void;
}
