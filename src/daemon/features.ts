import type { Settings } from "../core/config/settings.js";
import { dialsAlways } from "../core/mqtt/mqtt-lines.js";
import type { HostPort } from "../core/net/address.js";
import type { DaemonStatus } from "../core/status/daemon-status.js";
import type { Gathering, NamedLine, WantedLines } from "../core/status/gathering.js";
import type { DirectContext } from "../direct/direct-context.js";
import { DirectLines } from "../direct/direct-lines.js";
import type { StandingLinks } from "../direct/standing-links.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { MuxContext } from "../mux/mux-context.js";
import type { MuxLines } from "../mux/mux-lines.js";
import type { TunnelContext } from "../tunnel/tunnel-context.js";
import type { TunnelLines } from "../tunnel/tunnel-lines.js";

/** What the features need of the daemon. */
export type FeaturesContext = DirectContext & MuxContext & TunnelContext;

/**
 * State that outlives a connection, per configured port: servers of `[direct]`, devices of `[mux]`, links of `[tunnel]` and `[device]`. Shared
 * devices and tunnels are a third of the program, and loaded for the first settings that want them (docs/benchmarks.md).
 */
export class Features {
  readonly directLines: DirectLines;
  #standingLinks: StandingLinks | undefined;
  #muxLines: MuxLines | undefined;
  #tunnelLines: TunnelLines | undefined;
  #context: FeaturesContext;

  constructor(context: FeaturesContext) {
    this.directLines = new DirectLines(context);
    this.#context = context;
  }

  get muxLines(): MuxLines {
    return loaded(this.#muxLines);
  }

  get tunnelLines(): TunnelLines {
    return loaded(this.#tunnelLines);
  }

  /** Their part of STAT. */
  *gather(wanted: WantedLines): Gathering<Pick<DaemonStatus, "directs" | "muxes" | "tunnels" | "devices">> {
    const { tunnels = [], devices = [] } =
      this.#tunnelLines === undefined ? {} : yield* this.#tunnelLines.gather(wanted);
    const muxes = this.#muxLines === undefined ? [] : yield* this.#muxLines.gather(wanted);
    return { directs: yield* this.#directs(wanted), muxes, tunnels, devices };
  }

  *#directs(wanted: WantedLines): Gathering<DaemonStatus["directs"]> {
    const directs = yield* this.directLines.gather(wanted);
    const standing = this.#standingLinks?.status;
    if (standing === undefined) return directs;
    return directs.map((line) => {
      const link = standing.get(line.port);
      return link === undefined ? line : { ...line, standing: link };
    });
  }

  /** Servers of direct lines, shared devices, and tunnels: what a line can be called by. */
  get lines(): NamedLine[] {
    return [...this.directLines.all, ...(this.#muxLines?.lines ?? []), ...(this.#tunnelLines?.servers ?? [])];
  }

  /** The servers that this machine is a device of. */
  get devices(): readonly NamedLine[] {
    return this.#tunnelLines?.devices ?? [];
  }

  /** Whether there is a tunnel, on either side. */
  get hasTunnels(): boolean {
    return this.#tunnelLines !== undefined && this.#tunnelLines.servers.length + this.#tunnelLines.devices.length > 0;
  }

  /** The messages that pass outside of connections. */
  get streams(): TracedStream[] {
    return [...(this.#muxLines?.streams ?? []), ...(this.#standingLinks?.streams ?? [])];
  }

  /** Loads what these settings want. To be awaited before {@link configure}, and before their listeners are made. */
  async load({ direct, mux, tunnel, deviceServers, namedDevices }: Settings): Promise<void> {
    if (direct.some(dialsAlways)) await this.#loadStanding();
    if (mux.length > 0) await this.#loadMux(mux);
    if (tunnel.length + namedDevices.length + deviceServers.length > 0) await this.#loadTunnel();
  }

  /** Obeys these settings from now on. Lines that stay the same keep their state. */
  configure(settings: Settings, context: FeaturesContext): void {
    this.#context = context;
    this.directLines.configure(settings.direct, context);
    this.#standingLinks?.configure(settings.direct, context);
    this.#muxLines?.configure(settings.mux, context);
    this.#tunnelLines?.configure(settings, context);
  }

  /** Makes this machine the device of a tunnel's server, for one service (TCPR). Returns why it cannot be, or undefined. */
  async startDevice(server: HostPort, service: HostPort): Promise<string | undefined> {
    await this.#loadTunnel();
    return this.tunnelLines.startDevice(server, service);
  }

  /** Whether no client uses a link of a tunnel, on either side. */
  get areTunnelsIdle(): boolean {
    return this.#tunnelLines?.isIdle ?? true;
  }

  /** Ends what goes on without clients: checks of servers, connections that no client has, polls and what is published of shared devices. */
  closeUnattended(): void {
    this.#muxLines?.stopPublishing();
    this.#standingLinks?.close();
    this.directLines.close();
  }

  /** Ends all links of tunnels. */
  closeTunnels(reason: string): void {
    this.#tunnelLines?.close(reason);
  }

  /** Begins nothing new; resolves when every request of a client has been answered or has failed. */
  async drain(): Promise<void> {
    this.closeUnattended();
    await this.#muxLines?.drain();
  }

  /** Ends all links. */
  close(reason: string): void {
    this.closeUnattended();
    this.#muxLines?.close(reason);
    this.#tunnelLines?.close(reason);
  }

  async #loadStanding(): Promise<void> {
    const module = await import("../direct/standing-links.js");
    this.#standingLinks ??= new module.StandingLinks(this.#context, this.directLines);
  }

  async #loadMux(lines: Settings["mux"]): Promise<void> {
    const module = await import("../mux/mux-lines.js");
    this.#muxLines ??= new module.MuxLines(this.#context);
    await this.#muxLines.load(lines);
  }

  async #loadTunnel(): Promise<void> {
    const module = await import("../tunnel/tunnel-lines.js");
    this.#tunnelLines ??= new module.TunnelLines(this.#context);
  }
}

function loaded<Lines>(lines: Lines | undefined): Lines {
  if (lines === undefined) throw new Error("settings want a feature that was not loaded");
  return lines;
}
