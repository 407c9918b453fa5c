const LABEL_WIDTH = 46;
const COLUMN_WIDTH = 18;
const RATIO_WIDTH = 8;

/** The proxy that the ratios compare with. */
const REFERENCE = "haproxy";

/**
 * @param {number | undefined} value
 * @returns {string} three significant digits, or all digits before the point
 */
function format(value) {
  if (value === undefined) return "";
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3);
}

/**
 * @param {import("./samples.mjs").Samples} samples
 * @returns {number | undefined} the value of the proxy divided by that of the reference
 */
function ratio(samples, name, row) {
  const value = samples.result(name, row);
  const reference = samples.result(REFERENCE, row);
  return row.noRatio || value === undefined || !reference ? undefined : value / reference;
}

/** One cell: the value, with a ~ when it is rough, and its ratio to the reference. The column of the reference has no ratios. */
function cell(samples, name, row) {
  const times = name === REFERENCE ? undefined : ratio(samples, name, row);
  const value = (samples.isRough(name, row.key) ? "~" : "") + format(samples.result(name, row));
  return `${value.padStart(COLUMN_WIDTH - RATIO_WIDTH)}${(times === undefined ? "" : ` ${times.toFixed(2)}×`).padEnd(RATIO_WIDTH)}`;
}

/**
 * The results as a text table.
 *
 * @param {import("./samples.mjs").Samples} samples
 * @param {string[]} names the names of the proxies
 * @param {import("./rounds.mjs").Row[]} rows
 * @returns {string} lines of at most 136 columns, for up to five programs
 */
export function table(samples, names, rows) {
  const heads = names.map((name) => name.padStart(COLUMN_WIDTH - RATIO_WIDTH).padEnd(COLUMN_WIDTH));
  const measured = rows.filter((row) => names.some((name) => samples.result(name, row) !== undefined));
  const lines = measured.map(
    (row) => row.label.padEnd(LABEL_WIDTH) + names.map((name) => cell(samples, name, row)).join(""),
  );
  return ["".padEnd(LABEL_WIDTH) + heads.join(""), ...lines].map((line) => line.trimEnd()).join("\n");
}

/**
 * The results for other programs.
 *
 * @param {import("./samples.mjs").Samples} samples
 * @param {string[]} names the names of the proxies
 * @param {import("./rounds.mjs").Row[]} rows
 * @returns {object[]} for each row `key`, `label`, and by name of proxy: `value` (the median, or the worst),
 *   `ratio` to HAProxy, `rounds` with every value
 *   and whether other processes disturbed it
 */
export function results(samples, names, rows) {
  return rows.map((row) => ({
    key: row.key,
    label: row.label.trim(),
    proxies: Object.fromEntries(
      names
        .filter((name) => samples.result(name, row) !== undefined)
        .map((name) => [
          name,
          {
            value: samples.result(name, row),
            ratio: ratio(samples, name, row),
            rounds: samples.of(name, row.key),
          },
        ]),
    ),
  }));
}
