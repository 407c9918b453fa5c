import { formatHostPort, type HostPort } from "./core/address.js";
import { faultText } from "./core/text.js";
import type { Log } from "./log.js";

/** What the log is told of one connection: its id, client and target stand in front of every line. */
export class ConnectionLog {
  /** The remote, once there is one. */
  target = "-";
  readonly #log: Log;
  readonly #who: string;

  constructor(log: Log, id: string, client: HostPort) {
    this.#log = log;
    this.#who = `${id} ${formatHostPort(client)}`;
  }

  /** Whether {@link debug} leads anywhere: ask before composing a text for it. */
  get debugging(): boolean {
    return this.#log.debugging;
  }

  info(text: string): void {
    this.#log.connection(this.#line(text));
  }

  warn(text: string): void {
    this.#log.warn(this.#line(text));
  }

  debug(text: string): void {
    if (this.#log.debugging) this.#log.debug(this.#line(text));
  }

  /** A fault of the program. */
  fault(error: unknown): void {
    this.#log.error(this.#line(faultText(error)));
  }

  #line(text: string): string {
    return `[${this.#who} > ${this.target}] ${text}`;
  }
}
