import type { HistogramStatus } from "./histogram.js";

/** The HTTP requests that tell one receiver, the Luup engine or a webhook, what happens: in the JSON of STAT. */
export interface RequestsStatus {
  /** Requests that wait for their turn, or to be repeated: at most one of each connection on its way, and some of lines. */
  readonly waiting: number;
  /** Those of them that wait to be repeated: their last attempt has failed. */
  readonly repeating: number;
  readonly inFlight: number;
  /** Requests that went out, repetitions included. */
  readonly sent: number;
  /** Requests that repeated a failed one. */
  readonly retried: number;
  /** Requests that the receiver rejected, or that failed. */
  readonly failed: number;
  /** Time from when a request was due until it left. */
  readonly delay: HistogramStatus;
  /** Time from when a request left until the receiver answered or the daemon gave up. */
  readonly answer: HistogramStatus;
}
