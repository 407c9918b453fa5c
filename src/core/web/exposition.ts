import type { LineId } from "../net/client-origin.js";
import { printable } from "../parse/text.js";
import type { HistogramStatus } from "../status/histogram.js";

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
  /** Made while they are read: of thousands of lines. */
  readonly samples: Iterable<Sample>;
}

/**
 * Formats metrics for Prometheus, a piece for each metric head and sample: text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats). Lines end in LF. In values of labels `\`, `"` and LF are escaped. A metric
 * without samples is left out.
 */
export function* expositionOf(metrics: Iterable<Metric>): Generator<string> {
  for (const { name, type, help, samples } of metrics) {
    let head = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels = {}, value } of samples) {
      yield `${head}${name}${suffix}${labelText(labels)} ${value}\n`;
      head = "";
    }
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

/** A metric of the daemon, whose name the program's stands in front of. */
function metric(type: Metric["type"], name: string, help: string, value: number | Iterable<Sample>): Metric {
  return { name: `sockproxyd_${name}`, type, help, samples: typeof value === "number" ? [{ value }] : value };
}

/** What goes up and down. */
export function gauge(name: string, help: string, value: number | Iterable<Sample>): Metric {
  return metric("gauge", name, help, value);
}

/** What only grows while the daemon runs. */
export function counter(name: string, help: string, value: number | Iterable<Sample>): Metric {
  return metric("counter", name, help, value);
}

/** A sample of each thing, made when the metric is read; once. */
export function* samplesOf<Thing>(things: Iterable<Thing>, sample: (thing: Thing) => Sample): Generator<Sample> {
  for (const thing of things) yield sample(thing);
}

/** A sample, or none where there is no value. */
export function optional(value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ value }];
}

/** Each bucket of Prometheus also counts what is in the buckets below it. */
export function histogram(name: string, help: string, { classes, sumMs, count }: HistogramStatus): Metric {
  let below = 0;
  const buckets = classes.map(({ upToMs, count: own }): Sample => {
    below += own;
    return { suffix: "_bucket", labels: { le: upToMs === null ? "+Inf" : String(upToMs / 1000) }, value: below };
  });
  const totals: Sample[] = [
    { suffix: "_sum", value: sumMs / 1000 },
    { suffix: "_count", value: count },
  ];
  return metric("histogram", name, help, [...buckets, ...totals]);
}
