import type { AcceptedClient } from "../accept/listener.js";
import type { MuxLine } from "../core/config/settings.js";
import type { MuxStatus } from "../core/mux/mux-status.js";
import type { NamedLine } from "../core/status/gathering.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { End } from "../sockets/end.js";
import type { MuxContext } from "./mux-context.js";

/** Who a client of a mux is: its origin, the id of its connection, and its `host:port`. */
export type ClientIdentity = Pick<AcceptedClient, "origin" | "id" | "name">;

/** A device that several clients share. */
export interface Mux extends NamedLine {
  readonly status: MuxStatus;
  /** Whether the mux has no client. */
  readonly idle: boolean;
  /** The messages on each connection to the device. */
  readonly streams: readonly TracedStream[];
  /**
   * Adds a client. The end is the device as this client sees it.
   *
   * @param client who asks: in counters, in write rules, in the log and in the monitor
   */
  attach(client: ClientIdentity): End;
  /** Applies a reload: port and device are the same; name, options and context may differ. */
  configure(line: MuxLine, context: MuxContext): void;
  /** The line is gone from the configuration: the mux closes its connections when its last client leaves. */
  abandon(): void;
  /** Starts no more requests; resolves when all outstanding ones are answered or have failed. */
  drain(): Promise<void>;
  /** Closes all connections to the device. One is opened again when somebody asks. */
  release(reason: string): void;
  /** Closes all connections to the device. */
  close(reason: string): void;
}
