import type { Clock } from "./clock.js";
import type { Connection } from "./connection.js";
import type { Log } from "./log.js";
import { Luup } from "./luup.js";

/** The Luup system that is notified, and former ones while connections that began under them still notify them. */
export class Luups {
  readonly #clock: Clock;
  readonly #log: Log;
  #url: string;
  #current: Luup;
  #former: Luup[] = [];

  /** @param url base URL of the Luup system */
  constructor(url: string, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#url = url;
    this.#current = new Luup(url, clock, log);
  }

  /** The one that new connections notify. */
  get current(): Luup {
    return this.#current;
  }

  /**
   * Has new connections notify this one.
   *
   * @param connections all that there are
   */
  configure(url: string, connections: readonly Connection[]): void {
    if (url !== this.#url) {
      this.#former.push(this.#current);
      this.#url = url;
      this.#current = new Luup(url, this.#clock, this.#log);
    }
    const inUse = new Set(connections.map(({ luup }) => luup));
    for (const luup of this.#former) if (!inUse.has(luup)) void luup.close();
    this.#former = this.#former.filter((luup) => inUse.has(luup));
  }

  async close(): Promise<void> {
    await Promise.all([this.#current, ...this.#former].map((luup) => luup.close()));
  }
}
