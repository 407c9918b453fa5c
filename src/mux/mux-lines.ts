import { KeyedLines } from "../core/collections/keyed-lines.js";
import { listensOf } from "../core/config/listen.js";
import type { MuxLine } from "../core/config/settings.js";
import type { MuxStatus } from "../core/mux/mux-status.js";
import { formatHostPort } from "../core/net/address.js";
import { type Gathering, gatherEach, type WantedLines } from "../core/status/gathering.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import { BroadcastMux } from "./broadcast-mux.js";
import type { Mux } from "./mux.js";
import type { MuxContext } from "./mux-context.js";
import type { PublishedLines } from "./published-lines.js";
import { RequestMux } from "./request-mux.js";

/**
 * A reload that changes nothing of this keeps the mux of the line, with its connections to the device. The name is no part of it: many
 * devices take one connection only, and a new name must not ask for a second one.
 */
function keyOf(line: MuxLine): string {
  const { target, options, mux } = line.route;
  const port = Math.min(...listensOf(line).map((listen) => listen.port)); // their order may change
  const { transport, tlsName, verifyCertificate, tlsMin, tlsLegacy, tlsIdentity, lineEnd } = options;
  const tls = `${tlsName ?? ""} ${verifyCertificate} ${tlsMin} ${tlsLegacy} ${tlsIdentity ?? ""}`;
  const device = `${transport} ${formatHostPort(target)} ${tls}`;
  return `${port} ${device} ${mux.protocol.framing.name} ${mux.protocol.deviceFraming.name} ${lineEnd ?? ""} ${mux.mode}`;
}

/** Makes the mux of a line. The mux connects to nothing before it has a client. */
function createMux(line: MuxLine, context: MuxContext): Mux {
  return line.route.mux.mode === "broadcast" ? new BroadcastMux(line, context) : new RequestMux(line, context);
}

/** The muxes of all `[mux]` lines. */
export class MuxLines {
  readonly #muxes = new KeyedLines<MuxLine, Mux>(
    keyOf,
    (line, key) => this.#takeFormer(key) ?? createMux(line, this.#context),
  );
  /** Muxes whose lines are gone, until their last client leaves. */
  readonly #former = new Map<string, Mux>();
  /** Values that are published; undefined: no line has any. */
  #published: PublishedLines | undefined;
  #context: MuxContext;

  constructor(context: MuxContext) {
    this.#context = context;
  }

  /** Each line, and former lines that still have clients. */
  get lines(): Mux[] {
    const former = [...this.#former.values()].filter(({ idle }) => !idle);
    return [...this.#muxes.all, ...former];
  }

  /** What STAT shows of each line that is wanted. */
  gather(wanted: WantedLines): Gathering<MuxStatus[]> {
    return gatherEach(this.lines.filter(wanted), (mux) => {
      const values = this.#published?.statusOf(mux);
      return values === undefined ? mux.status : { ...mux.status, values };
    });
  }

  /** The messages of all connections to devices. */
  get streams(): TracedStream[] {
    return this.#all().flatMap(({ streams }) => streams);
  }

  /** Loads what these lines want. To be awaited before {@link configure}. */
  async load(lines: readonly MuxLine[]): Promise<void> {
    if (this.#published !== undefined || lines.every(({ route }) => route.mux.publish.length === 0)) return;
    const module = await import("./published-lines.js");
    this.#published = new module.PublishedLines();
  }

  /** Applies a reload: configures the muxes of these lines, and abandons muxes whose line is gone. */
  configure(lines: readonly MuxLine[], context: MuxContext): void {
    this.#context = context;
    for (const line of lines) this.of(line).configure(line, context);
    this.#published?.configure(new Map(lines.map((line) => [this.of(line), line])), context);
    for (const [key, mux] of this.#muxes.replace(lines)) this.#former.set(key, mux);
    for (const [key, mux] of this.#former) {
      mux.abandon();
      if (mux.idle) this.#former.delete(key);
    }
  }

  /** The mux of a line. The line may belong to a reload that is still under way. */
  of(line: MuxLine): Mux {
    return this.#muxes.of(line);
  }

  /** Publishes no values any more, and polls no device, until {@link configure} is called again. */
  stopPublishing(): void {
    this.#published?.stop();
  }

  /** Resolves when every mux has finished its outstanding requests. */
  async drain(): Promise<void> {
    await Promise.all(this.#all().map((mux) => mux.drain()));
  }

  /** Closes all connections to devices. */
  close(reason: string): void {
    for (const mux of this.#all()) mux.close(reason);
  }

  #takeFormer(key: string): Mux | undefined {
    const mux = this.#former.get(key);
    this.#former.delete(key);
    return mux;
  }

  #all(): Mux[] {
    return [...this.#muxes.all, ...this.#former.values()];
  }
}
