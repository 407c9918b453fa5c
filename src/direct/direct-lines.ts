import { KeyedLines } from "../core/collections/keyed-lines.js";
import type { DirectLine } from "../core/config/settings.js";
import type { DirectStatus } from "../core/direct/direct-status.js";
import { formatHostPort } from "../core/net/address.js";
import { type Gathering, gatherEach, type NamedLine, type WantedLines } from "../core/status/gathering.js";
import type { DirectContext } from "./direct-context.js";
import { UpstreamGroup } from "./upstream-group.js";

/** A reload that changes nothing of this keeps what the daemon knows about the servers of the line. */
function keyOf({ port, name = "", route }: DirectLine): string {
  return [name, port, route.options.transport, ...route.servers.map(formatHostPort)].join(" ");
}

/** The servers of all `[direct]` lines. */
export class DirectLines {
  readonly #groups = new KeyedLines<DirectLine, UpstreamGroup>(keyOf, (line) => new UpstreamGroup(line, this.#context));
  #context: DirectContext;

  constructor(context: DirectContext) {
    this.#context = context;
  }

  get all(): readonly NamedLine[] {
    return this.#groups.all;
  }

  /** What STAT shows of each line that is wanted. */
  gather(wanted: WantedLines): Gathering<DirectStatus[]> {
    return gatherEach(this.#groups.all.filter(wanted), ({ status }) => status);
  }

  /** Applies a reload: configures the servers of these lines, and stops the checks of servers whose line is gone. */
  configure(lines: readonly DirectLine[], context: DirectContext): void {
    this.#context = context;
    for (const line of lines) this.of(line).configure(line.route, context);
    for (const group of this.#groups.replace(lines).values()) group.stop();
  }

  /** The servers of a line. The line may belong to a reload that is still under way. */
  of(line: DirectLine): UpstreamGroup {
    return this.#groups.of(line);
  }

  /** Stops all checks. */
  close(): void {
    for (const group of this.#groups.all) group.stop();
  }
}
