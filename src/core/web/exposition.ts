import { printable } from "../parse/text.js";

/** A value, and the labels that tell it from others of its metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Behind the metric's name: the parts of a histogram. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** All samples of one name. A counter's name ends in `_total`. */
export interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  /** In one line. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * Metrics in pieces, in the text format of Prometheus, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): lines end
 * in LF, values of labels have `\`, `"` and LF escaped. A metric without samples is left out.
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
