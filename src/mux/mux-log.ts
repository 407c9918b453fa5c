import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { faultText } from "../core/parse/text.js";
import type { MuxContext } from "./mux-context.js";

/** What the log is told of one mux: its port and device stand in front of every line. */
export class MuxLog {
  readonly #context: MuxContext;
  readonly #who: string;
  readonly #mentioned = new LogThrottle();

  constructor(port: number, target: HostPort, context: MuxContext) {
    this.#context = context;
    this.#who = `[mux ${port} > ${formatHostPort(target)}]`;
  }

  info(text: string): void {
    this.#context.log.info(`${this.#who} ${text}`);
  }

  warn(text: string): void {
    this.#context.log.warn(`${this.#who} ${text}`);
  }

  /** A warning of a kind that may come often: one a minute is enough. */
  seldom(kind: string, text: string): void {
    const more = this.#mentioned.mention(kind, this.#context.clock.now());
    if (more !== undefined) this.warn(`${text}${more}`);
  }

  /** A fault of the program. */
  fault(error: unknown): void {
    this.#context.log.error(`${this.#who} ${faultText(error)}`);
  }
}
