import { KeyedLines } from "../core/collections/keyed-lines.js";
import type { DirectLine } from "../core/config/settings.js";
import type { StandingStatus } from "../core/direct/direct-status.js";
import { dialsAlways } from "../core/mqtt/mqtt-lines.js";
import { formatHostPort } from "../core/net/address.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { StandingContext } from "./direct-context.js";
import type { DirectLines } from "./direct-lines.js";
import { StandingLink } from "./standing-link.js";

/** A reload that changes nothing of this leaves the connection alone. */
function keyOf({ port, name = "", route }: DirectLine): string {
  return [
    name,
    port,
    JSON.stringify([route.options, route.direct.standingTopic, route.direct.standingPayload]),
    ...route.servers.map(formatHostPort),
  ].join(" ");
}

/** The connections of `[direct]` lines that exist without any client (`dial=always`). */
export class StandingLinks {
  readonly #links = new KeyedLines<DirectLine, StandingLink>(keyOf, (line) => this.#linkOf(line));
  readonly #directLines: DirectLines;
  #context: StandingContext;

  constructor(context: StandingContext, directLines: DirectLines) {
    this.#context = context;
    this.#directLines = directLines;
  }

  /** The status of each, by the port of its line. */
  get status(): Map<number, StandingStatus> {
    return new Map(this.#links.all.map((link) => [link.port, link.status]));
  }

  /** The messages of those that are connected. */
  get streams(): TracedStream[] {
    return this.#links.all.flatMap(({ stream }) => stream ?? []);
  }

  /** Applies a reload. The lines are those of {@link DirectLines.configure}. */
  configure(lines: readonly DirectLine[], context: StandingContext): void {
    this.#context = context;
    for (const link of this.#links.replace(lines.filter(dialsAlways)).values()) link.stop();
  }

  /** Ends all of them. */
  close(): void {
    for (const link of this.#links.replace([]).values()) link.stop();
  }

  #linkOf(line: DirectLine): StandingLink {
    return new StandingLink(line, this.#context, (origin) => this.#directLines.of(line).dial(origin));
  }
}
