import { LogThrottle } from "../core/limits/log-throttle.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import type { Log } from "../log/log.js";
import { closeLingering, type LingeringCloseContext } from "../sockets/lingering-close.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Listener } from "./listener.js";

const FAREWELL_MS = 2000; // for a client to read why
const MAX_FAREWELLS = 16; // clients that are given this time at once; more are cut, so that they cost no descriptors

/** Turns clients away: tells them why where their port tells anything, and the log, once a minute for each address. */
export class Rejections {
  readonly #context: LingeringCloseContext;
  readonly #log: Log;
  readonly #mentioned = new LogThrottle();
  #farewells = 0;

  constructor(context: LingeringCloseContext, log: Log) {
    this.#context = context;
    this.#log = log;
  }

  /** Closes a client that is not taken in. */
  reject(client: StreamEnd, origin: ClientOrigin, listener: Listener, reason: string): void {
    this.mention(origin, listener, reason);
    if (this.#farewells >= MAX_FAREWELLS) {
      client.destroy();
      return;
    }
    this.#farewells += 1;
    listener.reject(client, reason);
    closeLingering(client, FAREWELL_MS, this.#context, {
      drained() {},
      finished() {},
      gone: () => {
        this.#farewells -= 1;
      },
      fault: (error) => this.#log.error(`fault in turning a client away: ${error}`),
    });
  }

  /** Has the log tell that somebody of this origin is not taken in. */
  mention(origin: ClientOrigin, { name }: Pick<Listener, "name">, reason: string): void {
    const client = clientName(origin);
    const more = this.#mentioned.mention(client, this.#context.clock.now());
    if (more !== undefined) this.#log.warn(`[- ${client} > -] turned away from ${name}: ${reason}${more}`);
  }
}
