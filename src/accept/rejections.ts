import { LogThrottle } from "../core/limits/log-throttle.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import type { Log } from "../log/log.js";
import { closeLingering, type LingeringCloseContext } from "../sockets/lingering-close.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { ClientCounters } from "./client-counters.js";
import type { Listener } from "./listener.js";

const REASON_MS = 2000; // for a client to read why it is rejected
const MAX_CLOSING = 16; // clients that get this time at once; further ones are cut, for their descriptors are not in the budget
/** Addresses in a minute that get a line: those of datagrams are easy to forge. */
const MAX_MENTIONED = 100;

/** What became of a client whose socket has no address any more. */
export const GONE_ALREADY = "it was gone before it was accepted";
/** What became of a client that has left before it was served. */
export const CAME_AND_WENT = "came and went without a byte";

/**
 * Rejects clients: writes the reason to the client, where its port does so, and to the log, once a minute for each address and port, and for
 * a hundred of them.
 */
export class Rejections {
  readonly #context: LingeringCloseContext;
  readonly #clients: ClientCounters;
  readonly #log: Log;
  readonly #throttle = new LogThrottle(MAX_MENTIONED);
  #closing = 0;

  constructor(context: LingeringCloseContext, clients: ClientCounters, log: Log) {
    this.#context = context;
    this.#clients = clients;
    this.#log = log;
  }

  /** Closes a client that is not admitted. @param detail what only the log says, behind the reason */
  reject(
    client: StreamEnd,
    origin: ClientOrigin,
    listener: Pick<Listener, "name" | "reject">,
    reason: string,
    detail = "",
  ): void {
    this.mention(origin, listener, `${reason}${detail}`);
    if (this.#closing >= MAX_CLOSING) {
      client.destroy();
      return;
    }
    this.#closing += 1;
    listener.reject(client, reason);
    closeLingering(client, { how: "end", limitMs: REASON_MS }, this.#context, {
      drained() {},
      finished() {},
      gone: () => {
        this.#closing -= 1;
      },
      fault: (error) => this.#log.error(`rejecting a client: ${faultText(error)}`),
    });
  }

  /**
   * Counts a client of this origin that has left before anything could be done with it. Such are health checks and port scans.
   *
   * @param what {@link GONE_ALREADY} or {@link CAME_AND_WENT}
   */
  leftAtOnce(origin: ClientOrigin, { name }: Pick<Listener, "name">, what: string): void {
    this.#clients.of(name).silent += 1;
    if (this.#log.debugging) this.#log.debug(`[- ${clientName(origin) || "?"} > -] ${what} on ${name}`);
  }

  /** Logs that a client of this origin is not admitted. */
  mention(origin: ClientOrigin, { name }: Pick<Listener, "name">, reason: string): void {
    this.#clients.of(name).refused += 1;
    const client = clientName(origin);
    const more = this.#throttle.mention(`${client} ${name}`, this.#context.clock.now());
    if (more !== undefined) this.#log.warn(`[- ${client} > -] rejected by ${name}: ${reason}${more}`);
  }
}
