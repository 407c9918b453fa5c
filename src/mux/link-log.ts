import type { Outage } from "../core/mux/mux-status.js";
import { formatSeconds } from "../core/parse/duration.js";
import type { DeviceConnection } from "./device-connection.js";
import type { MuxLog } from "./mux-log.js";

const BRIEF_MS = 5000; // a link that lived no longer
const MANY_BRIEF = 3; // brief links one after the other, from which on the log only counts them

/** What the log says of the links of a mux: each one, unless they come and go all the time; and each outage once. */
export class LinkLog {
  readonly #log: MuxLog;
  readonly #now: () => number;
  /** When the attempt began whose failure showed that the device is down. */
  #downSince: number | undefined;
  /** Why the last attempt has failed. */
  #reason = "";
  /** Brief links since one lived longer. */
  #brief = 0;

  /** @param now the time, by the clock of the mux */
  constructor(log: MuxLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** The outage that goes on, and why the last attempt has failed. */
  get outage(): Outage | undefined {
    if (this.#downSince === undefined) return undefined;
    return { downMs: Math.round(this.#now() - this.#downSince), reason: this.#reason };
  }

  /** A link can take requests. @param isProof whether that ends an outage: a device that closes every link has still to answer */
  ready({ address, openedAt }: DeviceConnection, isProof: boolean): void {
    if (this.#downSince !== undefined && !isProof) return;
    const text = `link connected to ${address} after ${Math.round(this.#now() - openedAt)} ms`;
    if (this.#downSince !== undefined) this.#back(`${text}; `);
    else if (this.#brief < MANY_BRIEF) this.#log.info(text);
  }

  /** The device has answered. */
  answered(): void {
    if (this.#downSince !== undefined) this.#back("");
  }

  /** A link is over. */
  ended({ openedAt }: DeviceConnection, reason: string): void {
    if (this.#downSince !== undefined) return;
    this.#brief = this.#now() - openedAt < BRIEF_MS ? this.#brief + 1 : 0;
    if (this.#brief < MANY_BRIEF) this.#log.info(`link closed: ${reason}`);
    else this.#log.throttled("brief links", `the links do not last: closed ${reason}; that is not logged again`);
  }

  /** An attempt that began then has shown that the device is down. */
  down(reason: string, since: number): void {
    this.#reason = reason;
    if (this.#downSince !== undefined) return;
    this.#downSince = since;
    this.#log.alert({ down: reason });
    this.#log.warn(`no link to the device: ${reason}; trying again while there are clients`);
  }

  #back(before: string): void {
    const ms = this.#now() - (this.#downSince ?? this.#now());
    this.#downSince = undefined;
    this.#log.alert("back");
    this.#log.info(`${before}the device was down for ${formatSeconds(ms)}`);
  }
}
