import type { DaemonReport } from "../status/daemon-status.js";
import type { WebhookStatus } from "../webhook/webhook-status.js";
import { counter, gauge, type Metric, type Sample } from "./exposition.js";

/** The metrics of webhooks, where there are any. Labels: `webhook`. */
export function webhookMetrics({ webhooks = [] }: Pick<DaemonReport, "webhooks">): Metric[] {
  if (webhooks.length === 0) return [];
  const each = (value: (webhook: WebhookStatus) => number): Sample[] =>
    webhooks.map((webhook) => ({ labels: { webhook: webhook.name }, value: value(webhook) }));
  return [
    gauge(
      "webhook_waiting",
      "Events that wait for their turn, or to be repeated.",
      each(({ waiting }) => waiting),
    ),
    gauge(
      "webhook_in_flight",
      "Requests that wait for their answer.",
      each(({ inFlight }) => inFlight),
    ),
    gauge(
      "webhook_failing_seconds",
      "For how long no event has been taken; 0: the last one was.",
      each(({ failingMs = 0 }) => failingMs / 1000),
    ),
    counter(
      "webhook_sent_total",
      "Requests sent, with repetitions.",
      each(({ sent }) => sent),
    ),
    counter(
      "webhook_retried_total",
      "Requests that repeated a failed one.",
      each(({ retried }) => retried),
    ),
    counter(
      "webhook_failed_total",
      "Requests that were refused, or got no good answer.",
      each(({ failed }) => failed),
    ),
    counter(
      "webhook_answer_seconds_total",
      "Seconds from when requests were sent until they were over.",
      each(({ answer }) => answer.sumMs / 1000),
    ),
  ];
}
