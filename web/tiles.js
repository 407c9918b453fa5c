// Tiles: one for each thing of the configuration.

import { pathsOf, summaryOf } from "./chart.js";
import { moreButton } from "./connection-list.js";
import { plural } from "./format.js";
import { pointsOf } from "./history.js";
import { stateSign } from "./parts.js";
import { gathered, namesOf } from "./problems.js";
import { KINDS } from "./things.js";
import { h } from "./tree.js";

/** @typedef {import("./things.js").Thing} Thing */
/** @typedef {import("./history.js").History} History */

/**
 * @param {Thing} thing
 * @param {History | undefined} history
 */
export function tile({ kind, key, name, detail, state, figures, href, chart, note }, history) {
  return h(
    "li",
    { key, class: `tile ${state.level}` },
    h("p", { class: "kind" }, h("span", {}, KINDS[kind]), stateSign(state)),
    h("h3", {}, href === undefined ? name : h("a", { href }, name)),
    h("p", { class: "detail", title: detail }, detail),
    note !== undefined && h("p", { class: "note" }, note),
    chart !== undefined && sparkline(chart, history),
    h(
      "dl",
      { class: "figures" },
      figures.map(([label, value]) => h("div", { key: label }, h("dt", {}, label), h("dd", {}, value))),
    ),
  );
}

/**
 * @param {NonNullable<Thing["chart"]>} chart
 * @param {History | undefined} history
 */
function sparkline({ of, id, what, title, format }, history) {
  const values = pointsOf(history, of, id, what);
  const { now, highest } = summaryOf(values);
  const label =
    now === undefined ? `${title}: not known` : `${title}: now ${format(now)}, at most ${format(highest ?? 0)}`;
  const { line, area } = pathsOf(values, highest || 1);
  return h(
    "svg",
    { class: "spark", viewBox: "0 0 240 48", preserveAspectRatio: "none", role: "img", "aria-label": label },
    h("path", { class: "area series-0", d: area }),
    h("path", { class: "stroke series-0", d: line }),
  );
}

const LEVELS = ["wrong", "warning"];

/**
 * Tiles, as many as a reader takes in. Of more those come first that need attention.
 *
 * @param {readonly Thing[]} things
 * @param {History | undefined} history
 * @param {number} limit
 */
export function tiles(things, history, limit) {
  const all = gathered(things, causeOf).map((group) => (group.length === 1 ? group[0] : manyOf(group)));
  if (all.length > limit) all.sort((one, other) => rankOf(one) - rankOf(other));
  return [
    h(
      "ul",
      { class: "tiles" },
      all.slice(0, limit).map((each) => tile(each, history)),
    ),
    moreButton(all.length, limit),
  ];
}

/** @param {Thing} thing */
function rankOf({ state: { level } }) {
  return LEVELS.includes(level) ? LEVELS.indexOf(level) : LEVELS.length;
}

/** What plugins have in common whose notifications fail; of others, nothing. @param {Thing} thing */
function causeOf({ kind, key, state, note }) {
  return kind === "plugin" && state.level === "warning" ? [state.text, note] : key;
}

/** Many plugins with one fault as one thing. @param {readonly [Thing, ...Thing[]]} group @returns {Thing} */
function manyOf(group) {
  const [{ kind, state, note }] = group;
  const detail = namesOf(group.map(({ name }) => name));
  const key = `all ${kind} ${state.text} ${note ?? ""}`;
  return {
    kind,
    key,
    name: plural(group.length, "plugin"),
    detail,
    state,
    figures: [],
    line: "",
    ...(note && { note }),
  };
}
