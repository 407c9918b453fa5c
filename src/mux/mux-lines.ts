import type { MuxLine } from "../core/config/settings.js";
import type { MuxStatus } from "../core/mux/mux-status.js";
import { formatHostPort } from "../core/net/address.js";
import type { Stream } from "../monitor/monitor.js";
import { BroadcastMux } from "./broadcast-mux.js";
import type { Mux } from "./mux.js";
import type { MuxContext } from "./mux-context.js";
import { RequestMux } from "./request-mux.js";

/** What makes two lines the same mux: a reload that changes other things than this goes on with its links. */
function keyOf({ port, route }: MuxLine): string {
  const { target, options, mux } = route;
  const { transport, tlsName, verifyCertificate } = options;
  const device = `${transport} ${formatHostPort(target)} ${tlsName ?? ""} ${verifyCertificate}`;
  return `${port} ${device} ${mux.protocol.framing.name} ${mux.mode}`;
}

/** Makes the mux of a line. The mux connects to nothing before it has a client. */
function createMux({ port, route }: MuxLine, context: MuxContext): Mux {
  return route.mux.mode === "broadcast" ? new BroadcastMux(port, route, context) : new RequestMux(port, route, context);
}

/** All muxes of the daemon. They outlive a reload where their line does. */
export class MuxLines {
  #muxes = new Map<string, Mux>();
  /** Those whose lines are gone, while they have clients. */
  readonly #former = new Map<string, Mux>();
  #context: MuxContext;

  constructor(context: MuxContext) {
    this.#context = context;
  }

  /** What STAT tells of them. */
  get status(): MuxStatus[] {
    return [...this.#muxes.values(), ...[...this.#former.values()].filter(({ idle }) => !idle)].map(
      ({ status }) => status,
    );
  }

  /** The messages of all links. */
  get streams(): Stream[] {
    return this.#all().flatMap(({ streams }) => streams);
  }

  /** Has the muxes of these lines, and lets go of those that have none any more. */
  configure(lines: readonly MuxLine[], context: MuxContext): void {
    this.#context = context;
    const next = new Map<string, Mux>();
    for (const line of lines) {
      const mux = this.of(line);
      mux.configure(line.route, context);
      next.set(keyOf(line), mux);
    }
    for (const [key, mux] of this.#muxes) this.#former.set(key, mux);
    for (const [key, mux] of this.#former) {
      if (!next.has(key)) mux.abandon();
      if (next.has(key) || mux.idle) this.#former.delete(key);
    }
    this.#muxes = next;
  }

  /** The mux of a line, of one that a reload is about to bring in, too. */
  of(line: MuxLine): Mux {
    const key = keyOf(line);
    const known = this.#muxes.get(key) ?? this.#former.get(key);
    if (known !== undefined) return known;
    const mux = createMux(line, this.#context);
    this.#muxes.set(key, mux);
    return mux;
  }

  /** Lets all finish what they are at. */
  async drain(): Promise<void> {
    await Promise.all(this.#all().map((mux) => mux.drain()));
  }

  /** Closes all links. */
  close(reason: string): void {
    for (const mux of this.#all()) mux.close(reason);
  }

  #all(): Mux[] {
    return [...this.#muxes.values(), ...this.#former.values()];
  }
}
