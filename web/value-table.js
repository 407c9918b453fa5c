// The values of a shared device that are published.

import { count, duration, plain } from "./format.js";
import { stateSign, table } from "./parts.js";
import { h } from "./tree.js";

/** @typedef {import("../src/core/mux/publish/published-value.js").ValueStatus} ValueStatus */

const MAX_VALUES = 100;

/** How each state is shown. */
const STATES = /** @type {const} */ ({
  good: { level: "good", text: "good" },
  waiting: { level: "idle", text: "not read yet" },
  stale: { level: "wrong", text: "too old" },
  invalid: { level: "idle", text: "not valid" },
});

/** @param {readonly ValueStatus[]} values */
export function valueTable(values) {
  const columns = [
    { head: "Name" },
    { head: "Value", number: true },
    { head: "Age", title: "since the device has last said it", number: true },
    { head: "State" },
  ];
  const rows = values.slice(0, MAX_VALUES).map((each) => ({
    key: each.name,
    cells: cellsOf(each),
  }));
  const more = values.length - MAX_VALUES;
  return [
    h("div", { class: "wide" }, table("Published values", columns, rows)),
    more > 0 && h("p", { class: "more" }, `… and ${count(more)} more`),
  ];
}

/** @param {ValueStatus} value */
function cellsOf(value) {
  const { name, ageMs, state } = value;
  return [
    plain(name, 64),
    value.value === undefined ? h("span", { class: "muted" }, "–") : h("strong", {}, valueText(value)),
    ageMs === undefined ? h("span", { class: "muted" }, "–") : duration(ageMs),
    stateSign(STATES[state]),
  ];
}

/** A value with its unit. @param {Pick<ValueStatus, "value" | "unit">} value */
export function valueText({ value, unit }) {
  return `${plain(String(value), 60)}${unit === undefined || unit === "" ? "" : `\u00A0${plain(unit, 16)}`}`;
}
