// A strict reader of Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

/** One sample line of a metric. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its sample lines. */
export interface Family {
  readonly type: string;
  readonly help: string;
  readonly series: readonly Series[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const HEAD = new RegExp(`^# HELP (${NAME}) (.*)\\n# TYPE \\1 (counter|gauge|histogram)\\n`);
const LINE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[-+]\\d+)?)\\n`);

/**
 * Reads metrics by their names.
 *
 * @throws when a line has a wrong form, stands apart from its metric, or occurs twice
 */
export function readExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let rest = text;
  while (rest !== "") {
    const [head, name = "", help = "", type = ""] = HEAD.exec(rest) ?? [];
    if (head === undefined) throw new Error(`no metric: ${rest.slice(0, 200)}`);
    if (families.has(name)) throw new Error(`twice: ${name}`);
    rest = rest.slice(head.length);
    const series: Series[] = [];
    for (let line = LINE.exec(rest); line !== null; line = LINE.exec(rest)) {
      const [whole, own = "", labels = ""] = line;
      const suffixes = type === "histogram" ? "(?:_bucket|_sum|_count)" : "";
      if (!new RegExp(`^${name}${suffixes}$`).test(own)) throw new Error(`${own} is no line of ${name}`);
      const key = whole.slice(0, whole.lastIndexOf(" "));
      if (seen.has(key)) throw new Error(`twice: ${key}`);
      seen.add(key);
      series.push({ name: own, labels: readLabels(labels), value: Number(whole.slice(key.length)) });
      rest = rest.slice(whole.length);
    }
    if (series.length === 0) throw new Error(`nothing of ${name}: ${rest.slice(0, 200)}`);
    families.set(name, { type, help, series });
  }
  return families;
}

function readLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(new RegExp(LABEL, "g"))];
  return Object.fromEntries(
    pairs.map(([, name = "", value = ""]) => [
      name,
      value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped)),
    ]),
  );
}
