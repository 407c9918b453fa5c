import type { MuxRoute } from "../core/mux/mux-line.js";
import type { MuxStatus } from "../core/mux/mux-status.js";
import type { TracedStream } from "../monitor/monitor.js";
import type { End } from "../sockets/end.js";
import type { MuxContext } from "./mux-context.js";

/** A device that several clients share. */
export interface Mux {
  readonly status: MuxStatus;
  /** Whether nobody uses it. */
  readonly idle: boolean;
  /** The messages of its links. */
  readonly streams: readonly TracedStream[];
  /** A client more: returns the device as this one sees it. */
  attach(): End;
  /** Goes on under other options of the same device, and with what a reload has changed in the daemon. */
  configure(route: MuxRoute, context: MuxContext): void;
  /** Its line is gone: its links are closed when its last client leaves. */
  abandon(): void;
  /** Takes no more requests; resolves when those that are outstanding are answered or have failed. */
  drain(): Promise<void>;
  /** Closes its links. */
  close(reason: string): void;
}
