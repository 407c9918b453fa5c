import type { Settings } from "../core/config/settings.js";
import type { DaemonStatus } from "../core/status/daemon-status.js";
import type { DirectHost } from "../direct/direct-context.js";
import { Directs } from "../direct/direct-lines.js";
import type { Stream } from "../monitor/monitor.js";
import type { MuxHost } from "../mux/mux-context.js";
import { Muxes } from "../mux/mux-lines.js";
import type { TunnelHost } from "../tunnel/tunnel-context.js";
import { Tunnels } from "../tunnel/tunnel-lines.js";

/** What the jobs need of the daemon. */
export type JobsHost = DirectHost & MuxHost & TunnelHost;

/** What listeners share with others of their line, beyond a single connection: servers of `[direct]` lines, devices of `[mux]` lines, tunnels. */
export class Jobs {
  readonly directs: Directs;
  readonly muxes: Muxes;
  readonly tunnels: Tunnels;

  constructor(host: JobsHost) {
    this.directs = new Directs(host);
    this.muxes = new Muxes(host);
    this.tunnels = new Tunnels(host);
  }

  /** What STAT tells of them. */
  get status(): Pick<DaemonStatus, "directs" | "muxes" | "tunnels" | "devices"> {
    return { directs: this.directs.status, muxes: this.muxes.status, ...this.tunnels.status };
  }

  /** Messages that pass outside of connections. */
  get streams(): Stream[] {
    return this.muxes.streams;
  }

  /** Works by these settings from now on. What their lines have in common with former ones lives on. */
  configure(settings: Settings, host: JobsHost): void {
    this.directs.configure(settings.direct, host);
    this.muxes.configure(settings.mux, host);
    this.tunnels.configure(settings, host);
  }

  /** Begins nothing new; resolves when what is owed to clients has been answered, or has failed. */
  async drain(): Promise<void> {
    this.directs.close();
    await this.muxes.drain();
  }

  /** Ends all of it. */
  close(reason: string): void {
    this.directs.close();
    this.muxes.close(reason);
    this.tunnels.close(reason);
  }
}
