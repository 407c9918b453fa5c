import type { HistogramStatus } from "../status/histogram.js";

/** One webhook, in the JSON of STAT. */
export interface WebhookStatus {
  readonly name: string;
  /** Scheme, host and port of its URL: the rest may be secret. */
  readonly origin: string;
  /** Events that wait for their turn, or to be repeated: at most one of each connection, and some of lines. */
  readonly waiting: number;
  /** Those of them that wait to be repeated. */
  readonly repeating: number;
  readonly inFlight: number;
  /** Requests that went out, repetitions included. */
  readonly sent: number;
  readonly retried: number;
  /** Requests that were refused, or that got no good answer. */
  readonly failed: number;
  /** Time from when an event was due until its request left, and from then until the answer. */
  readonly delay: HistogramStatus;
  readonly answer: HistogramStatus;
  /** For how long no event has been taken, in milliseconds; absent: the last one was. */
  readonly failingMs?: number;
  /** Why, for people. */
  readonly why?: string;
}

/** The lines of STAT for webhooks that do not take what they are told; none while all do. */
export function webhookLines(webhooks: readonly WebhookStatus[]): string[] {
  return webhooks.flatMap(({ name, waiting, failingMs, why }) =>
    failingMs === undefined
      ? []
      : [` webhook ${name}: takes nothing for ${Math.floor(failingMs / 1000)} s, ${waiting} wait: ${why ?? ""}`],
  );
}
