import type { Log } from "../log/log.js";
import type { Clock } from "../system/clock.js";
import { LuupClient } from "./luup-client.js";

/** The Luup system that is notified, and former ones while connections that began under them still notify them. */
export class LuupClients {
  readonly #clock: Clock;
  readonly #log: Log;
  #url: string;
  #current: LuupClient;
  #former: LuupClient[] = [];

  /** @param url base URL of the Luup system */
  constructor(url: string, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#url = url;
    this.#current = new LuupClient(url, clock, log);
  }

  /** The one that new connections notify. */
  get current(): LuupClient {
    return this.#current;
  }

  /**
   * Has new connections notify this one.
   *
   * @param inUse whether connections that began under one still notify it
   */
  configure(url: string, inUse: (luup: LuupClient) => boolean): void {
    if (url !== this.#url) {
      this.#former.push(this.#current);
      this.#url = url;
      this.#current = new LuupClient(url, this.#clock, this.#log);
    }
    for (const luup of this.#former) if (!inUse(luup)) void luup.close();
    this.#former = this.#former.filter(inUse);
  }

  async close(): Promise<void> {
    await Promise.all([this.#current, ...this.#former].map((luup) => luup.close()));
  }
}
