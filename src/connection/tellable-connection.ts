import type { Listener } from "../accept/listener.js";
import { formatHostPort } from "../core/net/address.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { ToldConnection } from "../notify/notification-way.js";
import type { Relay } from "../relay/relay.js";
import type { ConnectionLog } from "./connection-log.js";

/** The listener that a client has connected to, as far as events tell it. */
export type ConnectedLine = Pick<Listener, "section" | "port">;

/**
 * What is told of a connection whose bytes are relayed. Every connection makes one, and hardly any is told of: so a text is made when it is
 * asked for. (V8 would make a dictionary of an object literal with a getter.)
 */
export class TellableConnection implements ToldConnection {
  readonly pid: string;
  readonly waitingBytes: number | undefined;
  readonly #line: ConnectedLine;
  readonly #request: ConnRequest;
  readonly #log: ConnectionLog;
  readonly #relay: Relay;

  /** @param waitingBytes what the remote has sent before, where it was parked */
  constructor(
    pid: string,
    waitingBytes: number | undefined,
    line: ConnectedLine,
    request: ConnRequest,
    log: ConnectionLog,
    relay: Relay,
  ) {
    this.pid = pid;
    this.waitingBytes = waitingBytes;
    this.#line = line;
    this.#request = request;
    this.#log = log;
    this.#relay = relay;
  }

  get name(): string | undefined {
    return this.#line.section;
  }

  get listener(): number {
    return this.#line.port;
  }

  get remote(): string {
    return formatHostPort(this.#request.target);
  }

  get client(): string {
    return this.#log.client;
  }

  get receivedBytes(): number {
    return this.#relay.receivedBytes;
  }
}
