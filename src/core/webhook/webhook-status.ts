import type { RequestsStatus } from "../status/requests-status.js";

/** One webhook, in the JSON of STAT. */
export interface WebhookStatus extends RequestsStatus {
  readonly name: string;
  /** Scheme, host and port of its URL: the rest may be secret. */
  readonly origin: string;
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
