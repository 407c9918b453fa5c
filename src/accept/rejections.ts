import { Seldom } from "../core/limits/log-throttle.js";
import { clientName, type Origin } from "../core/net/client-origin.js";
import type { Log } from "../log/log.js";
import { type LingerHost, linger } from "../sockets/lingering-close.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Listener } from "./listener.js";

const FAREWELL_MS = 2000; // for a client to read why
const MAX_FAREWELLS = 16; // clients that are given this time at once; more are cut, so that they cost no descriptors

/** Turns clients away: tells them why where their port tells anything, and the log, once a minute for each address. */
export class Refusals {
  readonly #host: LingerHost;
  readonly #log: Log;
  readonly #mentioned = new Seldom();
  #farewells = 0;

  constructor(host: LingerHost, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** Closes a client that is not taken in. */
  turnAway(client: StreamEnd, origin: Origin, listener: Listener, reason: string): void {
    this.mention(origin, listener, reason);
    if (this.#farewells >= MAX_FAREWELLS) {
      client.destroy();
      return;
    }
    this.#farewells += 1;
    listener.turnAway(client, reason);
    linger(client, FAREWELL_MS, this.#host, {
      drained() {},
      finished() {},
      gone: () => {
        this.#farewells -= 1;
      },
      fault: (error) => this.#log.error(`fault in turning a client away: ${error}`),
    });
  }

  /** Has the log tell that somebody of this origin is not taken in. */
  mention(origin: Origin, { name }: Pick<Listener, "name">, reason: string): void {
    const client = clientName(origin);
    const more = this.#mentioned.mention(client, this.#host.clock.now());
    if (more !== undefined) this.#log.warn(`[- ${client} > -] turned away from ${name}: ${reason}${more}`);
  }
}
