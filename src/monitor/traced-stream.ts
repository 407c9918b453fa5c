import type { StreamFacts } from "../core/monitor/byte-event.js";
import type { Hops } from "../core/monitor/hops.js";
import type { TraceSource } from "../core/monitor/trace-event.js";
import type { View } from "../core/monitor/view.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { ObservedPoint } from "../sockets/byte-observer.js";

/** A stream of messages that can be monitored. */
export interface TracedStream {
  readonly source: TraceSource;
  /** Options of the connection: MONI, MONF and MONL ask for the console and audit files. */
  readonly options: ConnOptions;
  /** The view for the stream's protocol; absent where the protocol is not known. */
  readonly view?: View;
  readonly hops: Hops;
  readonly point: ObservedPoint;
  /** The stream as it is on the wire, for watchers of bytes; absent where nobody knows. */
  readonly facts?: () => StreamFacts;
}
