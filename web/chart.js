// Small charts: geometry, and the words for those who do not see it.

import { h } from "./tree.js";

/** @typedef {import("./tree.js").Tree} Tree */
/** @typedef {readonly (number | null)[]} Values the oldest first; null: not known */

const [WIDTH, HEIGHT, MARGIN] = [240, 48, 3]; // in units of the drawing, which fills its place whatever that is

/**
 * The lines of a chart as SVG paths: a piece for each run of known values.
 *
 * @param {Values} values
 * @param {number} top the value at the upper edge, above 0
 * @returns {{ line: string, area: string }}
 */
export function pathsOf(values, top) {
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  /** @param {number} value @param {number} index */
  const point = (value, index) => {
    const height = Math.min(1, Math.max(0, value / top)) * (HEIGHT - 2 * MARGIN);
    return `${round(index * step)} ${round(HEIGHT - MARGIN - height)}`;
  };
  const runs = runsOf(values);
  const lines = runs.map(({ from, run }) => {
    const points = run.map((value, index) => point(value, from + index));
    if (points.length === 1) points.push(`${points[0]}h1`); // a line without a length does not show
    return { points, left: round(from * step), right: points.at(-1)?.split(" ")[0] };
  });
  return {
    line: lines.map(({ points }) => `M${points.join("L")}`).join(""),
    area: lines.map(({ points, left, right }) => `M${left} ${HEIGHT}L${points.join("L")}L${right} ${HEIGHT}Z`).join(""),
  };
}

/** @param {Values} values */
function runsOf(values) {
  /** @type {{ from: number, run: number[] }[]} */
  const runs = [];
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.run.length === index) last.run.push(value);
    else runs.push({ from: index, run: [value] });
  }
  return runs;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/**
 * The last known value, and the highest.
 *
 * @param {Values} values
 */
export function summaryOf(values) {
  const known = values.filter((value) => value !== null);
  return { now: known.at(-1), highest: known.length === 0 ? undefined : Math.max(...known) };
}

/**
 * A chart of one quantity in one line or several, with its name, its last value and its highest.
 *
 * @param {string} title
 * @param {readonly { readonly name?: string, readonly values: Values }[]} lines
 * @param {(value: number) => string} format
 * @param {string} span the time that it covers, in words
 * @returns {Tree}
 */
export function chart(title, lines, format, span) {
  const summaries = lines.map(({ values }) => summaryOf(values));
  const highest = Math.max(0, ...summaries.map((summary) => summary.highest ?? 0));
  const words = lines.map(({ name }, index) => {
    const { now, highest: most } = summaries[index] ?? {};
    const known = now === undefined ? "not known" : `now ${format(now)}, at most ${format(most ?? 0)}`;
    return name === undefined ? known : `${name}: ${known}`;
  });
  return h(
    "figure",
    { class: "chart" },
    h(
      "figcaption",
      {},
      h("span", { class: "label" }, title),
      h(
        "span",
        { class: "values" },
        ...lines.map(({ name }, index) => lastOf(summaries[index]?.now, name, index, format)),
      ),
    ),
    h(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `${title}, ${span}: ${words.join("; ")}`,
      },
      lines.map(({ values }, index) => {
        const { line, area } = pathsOf(values, highest || 1);
        return [
          h("path", { class: `area series-${index}`, d: area }),
          h("path", { class: `stroke series-${index}`, d: line }),
        ];
      }),
    ),
    h("p", { class: "scale" }, h("span", {}, span), h("span", {}, highest > 0 && `highest ${format(highest)}`)),
  );
}

/**
 * @param {number | undefined} now
 * @param {string | undefined} name
 * @param {number} index
 * @param {(value: number) => string} format
 */
function lastOf(now, name, index, format) {
  const value = h("strong", {}, now === undefined ? "–" : format(now));
  return h(
    "span",
    { class: "value" },
    name !== undefined && h("span", { class: `legend series-${index}` }, name),
    value,
  );
}
