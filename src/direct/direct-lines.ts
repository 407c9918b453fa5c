import type { DirectLine } from "../core/config/settings.js";
import type { DirectStatus } from "../core/direct/direct-status.js";
import { formatHostPort } from "../core/net/address.js";
import type { DirectContext } from "./direct-context.js";
import { UpstreamGroup } from "./upstream-group.js";

/** What makes two lines the same: what is known of their servers outlives a reload that changes other things than this. */
function keyOf({ port, route }: DirectLine): string {
  return [port, route.options.transport, ...route.servers.map(formatHostPort)].join(" ");
}

/** The servers of all `[direct]` lines of the daemon. */
export class DirectLines {
  #lines = new Map<string, UpstreamGroup>();
  #context: DirectContext;

  constructor(context: DirectContext) {
    this.#context = context;
  }

  /** What STAT tells of them. */
  get status(): DirectStatus[] {
    return [...this.#lines.values()].map(({ status }) => status);
  }

  /** Has the servers of these lines, and stops checking those that have no line any more. */
  configure(lines: readonly DirectLine[], context: DirectContext): void {
    this.#context = context;
    const next = new Map<string, UpstreamGroup>();
    for (const line of lines) {
      const servers = this.of(line);
      servers.configure(line.route, context);
      next.set(keyOf(line), servers);
    }
    for (const [key, servers] of this.#lines) if (!next.has(key)) servers.stop();
    this.#lines = next;
  }

  /** The servers of a line, of one that a reload is about to bring in, too. */
  of(line: DirectLine): UpstreamGroup {
    const key = keyOf(line);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const servers = new UpstreamGroup(line.port, line.route, this.#context);
    this.#lines.set(key, servers);
    return servers;
  }

  /** Checks nothing any more. */
  close(): void {
    for (const servers of this.#lines.values()) servers.stop();
  }
}
