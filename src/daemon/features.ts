import type { Settings } from "../core/config/settings.js";
import type { DaemonStatus } from "../core/status/daemon-status.js";
import type { DirectContext } from "../direct/direct-context.js";
import { DirectLines } from "../direct/direct-lines.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { MuxContext } from "../mux/mux-context.js";
import { MuxLines } from "../mux/mux-lines.js";
import type { TunnelContext } from "../tunnel/tunnel-context.js";
import { TunnelLines } from "../tunnel/tunnel-lines.js";

/** What the features need of the daemon. */
export type FeaturesContext = DirectContext & MuxContext & TunnelContext;

/** State that outlives a connection, per configured port: servers of `[direct]`, devices of `[mux]`, links of `[tunnel]` and `[device]`. */
export class Features {
  readonly directLines: DirectLines;
  readonly muxLines: MuxLines;
  readonly tunnelLines: TunnelLines;

  constructor(context: FeaturesContext) {
    this.directLines = new DirectLines(context);
    this.muxLines = new MuxLines(context);
    this.tunnelLines = new TunnelLines(context);
  }

  /** Their part of STAT. */
  get status(): Pick<DaemonStatus, "directs" | "muxes" | "tunnels" | "devices"> {
    return { directs: this.directLines.status, muxes: this.muxLines.status, ...this.tunnelLines.status };
  }

  /** The messages that pass outside of connections. */
  get streams(): TracedStream[] {
    return this.muxLines.streams;
  }

  /** Obeys these settings from now on. Lines that stay the same keep their state. */
  configure(settings: Settings, context: FeaturesContext): void {
    this.directLines.configure(settings.direct, context);
    this.muxLines.configure(settings.mux, context);
    this.tunnelLines.configure(settings, context);
  }

  /** Begins nothing new; resolves when every request of a client has been answered or has failed. */
  async drain(): Promise<void> {
    this.directLines.close();
    await this.muxLines.drain();
  }

  /** Ends all links. */
  close(reason: string): void {
    this.directLines.close();
    this.muxLines.close(reason);
    this.tunnelLines.close(reason);
  }
}
