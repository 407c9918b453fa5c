import type { Clock } from "./clock.js";
import type { End } from "./ends/end.js";
import { linger } from "./linger.js";
import type { Listener } from "./listeners/listener.js";
import type { Log } from "./log.js";

const QUIET_MS = 60_000; // a client that is turned away is mentioned once in so long
const MAX_MENTIONED = 1000; // clients remembered for that
const FAREWELL_MS = 2000; // for a client to read why
const MAX_FAREWELLS = 16; // clients that are given this time at once; more are cut, so that they cost no descriptors

/** Turns clients away: tells them why where their port tells anything, and the log, once a minute for each address. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #mentioned = new Map<string, { at: number; more: number }>();
  #farewells = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Closes a client that is not taken in. */
  turnAway(client: End, listener: Listener, reason: string): void {
    this.#mention(client.peerAddress, listener, reason);
    if (this.#farewells >= MAX_FAREWELLS) {
      client.destroy();
      return;
    }
    this.#farewells += 1;
    listener.turnAway(client, reason);
    linger(client, FAREWELL_MS, this.#clock, {
      drained() {},
      finished() {},
      gone: () => {
        this.#farewells -= 1;
      },
      fault: (error) => this.#log.error(`fault in turning a client away: ${error}`),
    });
  }

  #mention(address: string, { name }: Listener, reason: string): void {
    const now = this.#clock.now();
    const last = this.#mentioned.get(address);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.more += 1;
      return;
    }
    const before = last === undefined || last.more === 0 ? "" : `; ${last.more} times more in the minutes before`;
    this.#log.warn(`[- ${address} > -] turned away from ${name}: ${reason}${before}`);
    this.#mentioned.delete(address);
    this.#mentioned.set(address, { at: now, more: 0 });
    const [oldest] = this.#mentioned.keys();
    if (this.#mentioned.size > MAX_MENTIONED && oldest !== undefined) this.#mentioned.delete(oldest);
  }
}
