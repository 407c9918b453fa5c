import type { Settings } from "./core/config/settings.js";
import type { DirectStatus } from "./core/direct/status.js";
import type { MuxStatus } from "./core/mux/status.js";
import { Directs } from "./direct/directs.js";
import type { DirectHost } from "./direct/host.js";
import type { Stream } from "./monitor/monitor.js";
import type { MuxHost } from "./mux/host.js";
import { Muxes } from "./mux/muxes.js";

/** What the jobs need of the daemon. */
export type JobsHost = DirectHost & MuxHost;

/** What listeners share with others of their line, beyond a single connection: servers of `[direct]` lines, devices of `[mux]` lines. */
export class Jobs {
  readonly directs: Directs;
  readonly muxes: Muxes;

  constructor(host: JobsHost) {
    this.directs = new Directs(host);
    this.muxes = new Muxes(host);
  }

  /** What STAT tells of them. */
  get status(): { readonly directs: DirectStatus[]; readonly muxes: MuxStatus[] } {
    return { directs: this.directs.status, muxes: this.muxes.status };
  }

  /** Messages that pass outside of connections. */
  get streams(): Stream[] {
    return this.muxes.streams;
  }

  /** Works by these settings from now on. What their lines have in common with former ones lives on. */
  configure({ direct, mux }: Settings, host: JobsHost): void {
    this.directs.configure(direct, host);
    this.muxes.configure(mux, host);
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
  }
}
