import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { type LineId, lineLabel } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import type { MuxContext } from "./mux-context.js";

/** The log and the alerts of one mux: each line begins with its port, its name where it has one, and its device. */
export class MuxLog {
  readonly #context: MuxContext;
  readonly #target: string;
  #line: LineId;
  readonly #throttle = new LogThrottle();

  constructor(line: LineId, target: HostPort, context: MuxContext) {
    this.#context = context;
    this.#line = line;
    this.#target = formatHostPort(target);
  }

  /** The line has another name from now on. */
  rename(line: LineId): void {
    this.#line = line;
  }

  get #prefix(): string {
    return `[mux ${lineLabel(this.#line)} > ${this.#target}]`;
  }

  info(text: string): void {
    this.#context.log.info(`${this.#prefix} ${text}`);
  }

  warn(text: string): void {
    this.#context.log.warn(`${this.#prefix} ${text}`);
  }

  /** Warns at most once a minute for each kind; the next line says how many were left out. */
  throttled(kind: string, text: string): void {
    const more = this.#throttle.mention(kind, this.#context.clock.now());
    if (more !== undefined) this.warn(`${text}${more}`);
  }

  /** Alerts that the device cannot be reached, or can again: once for each outage. */
  alert(state: { readonly down: string } | "back"): void {
    const { alerts } = this.#context;
    if (state === "back") alerts.deviceFound(this.#line.port, this.#target);
    else alerts.deviceDown(this.#line.port, this.#target, state.down);
  }

  /** Logs a fault in the program. */
  fault(error: unknown): void {
    this.#context.log.error(`${this.#prefix} ${faultText(error)}`);
  }
}
