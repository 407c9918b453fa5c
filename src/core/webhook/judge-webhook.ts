import type { RequestOutcome } from "../notify/notification-pacer.js";

/** What the answer of a webhook means. */
export interface WebhookJudgement {
  readonly outcome: RequestOutcome;
  readonly text: string;
  /** How long it wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A longer time counts as this one: the event is of no use by then, and a wrong clock must not stop a webhook for ever. */
const MAX_RETRY_AFTER_MS = 600_000;
const SECONDS = /^\d+$/;
/** Statuses below 500 that are temporary (RFC 9110, section 15.5.9; RFC 8470, section 5.2; RFC 6585, section 4). */
const TEMPORARY = new Set([408, 425, 429]);

/**
 * Judges the answer of a webhook: 2xx is success, 5xx and a few others are temporary, the rest is refused for ever.
 *
 * @param retryAfter the header `Retry-After` (RFC 9110, section 10.2.3): seconds or a date
 * @param msUntil how long it is until a date, in milliseconds; NaN for another text
 */
export function judgeWebhook(
  status: number,
  retryAfter: string | undefined,
  msUntil: (date: string) => number,
): WebhookJudgement {
  if (status >= 200 && status < 300) return { outcome: "delivered", text: "delivered" };
  const text = `status ${status}`;
  if (status < 500 && !TEMPORARY.has(status)) return { outcome: "rejected", text };
  if (retryAfter === undefined) return { outcome: "failed", text };
  const wantedMs = SECONDS.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : msUntil(retryAfter);
  if (!(wantedMs > 0)) return { outcome: "failed", text };
  return { outcome: "failed", text, retryAfterMs: Math.min(wantedMs, MAX_RETRY_AFTER_MS) };
}
