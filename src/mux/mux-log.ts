import { formatHostPort, type HostPort } from "../core/address.js";
import type { MuxHost } from "./host.js";

const QUIET_MS = 60_000; // what happens again and again is mentioned once in so long

/** What the log is told of one mux: its port and device stand in front of every line. */
export class MuxLog {
  readonly #host: MuxHost;
  readonly #who: string;
  readonly #mentioned = new Map<string, { at: number; more: number }>();

  constructor(port: number, target: HostPort, host: MuxHost) {
    this.#host = host;
    this.#who = `[mux ${port} > ${formatHostPort(target)}]`;
  }

  info(text: string): void {
    this.#host.log.info(`${this.#who} ${text}`);
  }

  warn(text: string): void {
    this.#host.log.warn(`${this.#who} ${text}`);
  }

  /** A warning of a kind that may come often: one a minute is enough. */
  seldom(kind: string, text: string): void {
    const now = this.#host.clock.now();
    const last = this.#mentioned.get(kind);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.more += 1;
      return;
    }
    const before = last === undefined || last.more === 0 ? "" : `; ${last.more} times more in the minutes before`;
    this.warn(`${text}${before}`);
    this.#mentioned.set(kind, { at: now, more: 0 });
  }

  /** A fault of the program. */
  fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#host.log.error(`${this.#who} fault in the program: ${text.replaceAll(/\n\s*/g, " | ")}`);
  }
}
