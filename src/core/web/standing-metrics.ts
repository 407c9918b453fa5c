import type { DirectStatus, StandingStatus } from "../direct/direct-status.js";
import { counter, gauge, lineLabels, type Metric, type Sample, samplesOf } from "./exposition.js";

/** The metrics of connections that lines keep without any client (`dial=always`), where there are any. Labels: those of the line. */
export function standingMetrics(directs: readonly DirectStatus[]): Metric[] {
  const each = (value: (standing: StandingStatus) => number): Iterable<Sample> =>
    samplesOf(standingOf(directs), ({ line, standing }) => ({ labels: lineLabels(line), value: value(standing) }));
  return [
    gauge(
      "standing_up",
      "1 while the connection of a line with dial=always is there.",
      each(({ connected }) => Number(connected)),
    ),
    counter(
      "standing_received_bytes_total",
      "Bytes from its server.",
      each(({ received }) => received),
    ),
    counter(
      "standing_sent_bytes_total",
      "Bytes to its server.",
      each(({ sent }) => sent),
    ),
    counter(
      "standing_refused_total",
      "Messages for its server that were dropped: it was away, or did not take them.",
      each(({ refused }) => refused),
    ),
  ];
}

function* standingOf(directs: readonly DirectStatus[]) {
  for (const line of directs) if (line.standing !== undefined) yield { line, standing: line.standing };
}
