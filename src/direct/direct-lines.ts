import type { DirectLine } from "../core/config/settings.js";
import type { DirectStatus } from "../core/direct/direct-status.js";
import { formatHostPort } from "../core/net/address.js";
import type { DirectHost } from "./direct-context.js";
import { Servers } from "./upstream-group.js";

/** What makes two lines the same: what is known of their servers outlives a reload that changes other things than this. */
function keyOf({ port, order }: DirectLine): string {
  return [port, order.options.transport, ...order.servers.map(formatHostPort)].join(" ");
}

/** The servers of all `[direct]` lines of the daemon. */
export class Directs {
  #lines = new Map<string, Servers>();
  #host: DirectHost;

  constructor(host: DirectHost) {
    this.#host = host;
  }

  /** What STAT tells of them. */
  get status(): DirectStatus[] {
    return [...this.#lines.values()].map(({ status }) => status);
  }

  /** Has the servers of these lines, and stops checking those that have no line any more. */
  configure(lines: readonly DirectLine[], host: DirectHost): void {
    this.#host = host;
    const next = new Map<string, Servers>();
    for (const line of lines) {
      const servers = this.of(line);
      servers.configure(line.order, host);
      next.set(keyOf(line), servers);
    }
    for (const [key, servers] of this.#lines) if (!next.has(key)) servers.stop();
    this.#lines = next;
  }

  /** The servers of a line, of one that a reload is about to bring in, too. */
  of(line: DirectLine): Servers {
    const key = keyOf(line);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const servers = new Servers(line.port, line.order, this.#host);
    this.#lines.set(key, servers);
    return servers;
  }

  /** Checks nothing any more. */
  close(): void {
    for (const servers of this.#lines.values()) servers.stop();
  }
}
