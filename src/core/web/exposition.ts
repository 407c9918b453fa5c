import type { LineId } from "../net/client-origin.js";
import { printable } from "../parse/text.js";

/** One value of a metric, with the labels that distinguish it. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Follows the name of the metric: the parts of a histogram have one. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** All samples of one name. The name of a counter ends in `_total`. */
export interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  /** One line for people. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * Formats metrics for Prometheus, a piece for each metric head and sample: text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats). Lines end in LF. In values of labels `\`, `"` and LF are escaped. A metric
 * without samples is left out.
 */
export function* expositionOf(metrics: readonly Metric[]): Generator<string> {
  for (const { name, type, help, samples } of metrics) {
    if (samples.length === 0) continue;
    yield `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels = {}, value } of samples) yield `${name}${suffix}${labelText(labels)} ${value}\n`;
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(printable(value)).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** The labels of a configuration line: its port, and its name where it has one. */
export function lineLabels({ port, name }: LineId): Readonly<Record<string, string>> {
  return { port: String(port), ...(name !== undefined && { name }) };
}
