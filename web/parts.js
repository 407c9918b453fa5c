// The parts that views are made of: headings, tiles, tables, lists of facts.

import { h, textOf } from "./tree.js";

/** @typedef {import("./tree.js").Child} Child */
/** @typedef {import("./tree.js").Tree} Tree */
/** @typedef {import("./things.js").Level} Level */
/** @typedef {{ readonly level: Level, readonly text: string }} State */

/** A state in words, with a sign whose form says the same as its colour. @param {State} state */
export function stateSign({ level, text }) {
  return h("span", { class: `state ${level}` }, h("span", { class: "sign", "aria-hidden": "true" }), text);
}

/**
 * A part of a view with its heading.
 *
 * @param {string} key
 * @param {Child} heading
 * @param {...Child} children
 */
export function section(key, heading, ...children) {
  const id = `heading-${key}`;
  return h("section", { key, "aria-labelledby": id }, h("h2", { id }, heading), ...children);
}

const WHOLE = 24; // characters of a text that is never cut in two: an IPv4 address with its port has 21

/** Whether a cell stays in one piece: a word that is not too long. @param {Child} content */
function isWhole(content) {
  const text = typeof content === "object" && "tag" in content ? textOf(content) : String(content);
  return text.length <= WHOLE && !text.includes(" ");
}

/** The room that a value needs. @param {Child} value */
function widthOf(value) {
  const { length } = String(value);
  if (length > 40) return "long";
  return length > 20 ? "wider" : undefined;
}

/** Names and values. @param {readonly (readonly [name: string, value: Child])[]} rows left out: those without a value */
export function facts(rows) {
  const known = rows.filter(([, value]) => value !== undefined && value !== "");
  return h(
    "dl",
    { class: "facts" },
    known.map(([name, value]) => h("div", { key: name, class: widthOf(value) }, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** @typedef {{ readonly head: string, readonly key?: string, readonly number?: boolean, readonly title?: string, readonly sort?: "ascending" | "descending" | "none" }} Column */
/** @typedef {{ readonly key: string, readonly cells: readonly Child[], readonly kind?: string }} Row */

/**
 * A table that becomes a list of cards where there is no room for it. The roles keep it a table for a screen reader.
 *
 * @param {string} label
 * @param {readonly Column[]} columns one with `sort` has a button to sort by it
 * @param {readonly Row[]} rows
 */
export function table(label, columns, rows) {
  return h(
    "table",
    { role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(headCell))),
    h(
      "tbody",
      { role: "rowgroup" },
      rows.map(({ key, cells, kind }) =>
        h(
          "tr",
          { key, role: "row", class: kind },
          cells.map((cell, index) => bodyCell(columns[index] ?? { head: "" }, cell, index === 0)),
        ),
      ),
    ),
  );
}

/** @param {Column} column */
function headCell({ head, key, number, title, sort }) {
  const content =
    sort === undefined
      ? head
      : h("button", { type: "button", class: "sort", "data-action": "sort", "data-subject": key }, head);
  return h(
    "th",
    {
      key: head,
      role: "columnheader",
      scope: "col",
      class: number && "number",
      title,
      "aria-sort": sort === "none" ? undefined : sort,
    },
    content,
  );
}

/**
 * @param {Column} column
 * @param {Child} content
 * @param {boolean} isName
 */
function bodyCell({ head, number }, content, isName) {
  const attributes = { "data-head": head, class: number ? "number" : isWhole(content) && "whole" };
  return isName
    ? h("th", { ...attributes, role: "rowheader", scope: "row" }, content)
    : h("td", { ...attributes, role: "cell" }, content);
}

/**
 * A button that does something; it says why when it may not.
 *
 * @param {string} text
 * @param {string} action
 * @param {string} [subject]
 * @param {{ readonly why?: string | undefined, readonly kind?: string, readonly pressed?: boolean | undefined }} [more]
 */
export function button(text, action, subject = "", { why, kind, pressed } = {}) {
  const id = `why-${action}`;
  return [
    h(
      "button",
      {
        key: action,
        type: "button",
        class: kind,
        "data-action": action,
        "data-subject": subject,
        disabled: why !== undefined,
        "aria-pressed": pressed === undefined ? undefined : String(pressed),
        "aria-describedby": why ? id : undefined,
      },
      text,
    ),
    why ? h("span", { key: id, id, class: "reason" }, why) : undefined,
  ];
}
