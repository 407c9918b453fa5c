import type { DaemonReport } from "../status/daemon-status.js";
import { counter, gauge, histogram, type Metric } from "./exposition.js";

/** The metrics of notifications. Labels: none. */
export function notificationMetrics({ notifications }: Pick<DaemonReport, "notifications">): Metric[] {
  const {
    waiting,
    repeating,
    failing,
    untakenMs = 0,
    inFlight,
    sent,
    retried,
    failed,
    delay,
    answer,
    farewells,
  } = notifications;
  return [
    gauge("notifications_waiting", "Notification requests that wait for their turn, or to be repeated.", waiting),
    gauge("notifications_repeating", "Notification requests that wait to be repeated.", repeating),
    gauge("notifications_untaken_seconds", "For how long none has been taken, though some wait.", untakenMs / 1000),
    gauge("failing_actions", "Actions whose notifications fail.", failing.length),
    gauge("notifications_in_flight", "Notification requests that wait for their answer.", inFlight),
    counter("notifications_sent_total", "Notification requests sent, with repetitions.", sent),
    counter("notifications_retried_total", "Notification requests that repeated a failed one.", retried),
    counter("notifications_failed_total", "Notification requests that were rejected, or got no good answer.", failed),
    gauge("final_notifications_waiting", "Final notifications of closed connections that wait.", farewells.waiting),
    counter(
      "final_notifications_lost_total",
      "Final notifications dropped to make room for later ones.",
      farewells.givenUp,
    ),
    histogram(
      "notification_delay_seconds",
      "Seconds from when a notification was due until its request was sent.",
      delay,
    ),
    histogram(
      "notification_answer_seconds",
      "Seconds from when a notification request was sent until it was over.",
      answer,
    ),
  ];
}
