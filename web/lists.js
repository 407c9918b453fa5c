// The views that are lists: all connections, what a search finds, and the log.

import { connectionTable } from "./connection-list.js";
import { count, plain, plural } from "./format.js";
import { HEADING } from "./overview.js";
import { section } from "./parts.js";
import { hrefOf } from "./routes.js";
import { findConnections, findThings } from "./search.js";
import { tiles } from "./tiles.js";
import { h } from "./tree.js";

/** @typedef {import("./world.js").World} World */

/** @param {World} world */
export function connectionsView({ status, ui }) {
  const open = status.connections.filter(({ phase }) => phase !== "closing");
  const closing = status.connections.length - open.length;
  return [
    h(
      "div",
      { key: "top", class: "top" },
      h("h1", { tabindex: -1 }, "Connections", h("span", { class: "count" }, ` ${count(open.length)}`)),
      h(
        "p",
        { class: "muted" },
        closing > 0 && `${count(closing)} more ${closing === 1 ? "is" : "are"} closing. `,
        open.length > ui.limit && "The search above finds all of them.",
      ),
    ),
    h("section", { key: "connections", "aria-label": "Connections" }, connectionTable("Connections", open, ui)),
  ];
}

/**
 * @param {World} world
 * @param {string} question
 */
export function searchView({ status, things, history, ui }, question) {
  const open = status.connections.filter(({ phase }) => phase !== "closing");
  const [foundThings, foundConnections] = [findThings(question, things), findConnections(question, open)];
  return [
    h(
      "div",
      { key: "top", class: "top" },
      h("h1", { tabindex: -1 }, "Search"),
      h(
        "p",
        { class: "muted", role: "status" },
        `${plural(foundThings.length + foundConnections.length, "match", "matches")} for “${plain(question, 80)}”`,
      ),
      foundThings.length + foundConnections.length === 0 &&
        h("p", { class: "muted" }, "The search looks for each word in names, addresses, ports, ids and states."),
    ),
    foundThings.length > 0 &&
      section(
        "things",
        [HEADING, h("span", { class: "count" }, ` ${count(foundThings.length)}`)],
        tiles(foundThings, history, ui.limit),
      ),
    foundConnections.length > 0 &&
      section(
        "connections",
        ["Connections", h("span", { class: "count" }, ` ${count(foundConnections.length)}`)],
        connectionTable("Connections that match", foundConnections, ui),
      ),
  ];
}

/** @param {string} subject which log */
export function logView(subject) {
  const isMessages = subject === "messages";
  return [
    h(
      "div",
      { key: "top", class: "top" },
      h("h1", { tabindex: -1 }, "Log"),
      h(
        "nav",
        { class: "tabs", "aria-label": "Kind of log" },
        h("a", { href: hrefOf("log"), "aria-current": isMessages ? undefined : "page" }, "Daemon"),
        h("a", { href: hrefOf("log", "messages"), "aria-current": isMessages ? "page" : undefined }, "Messages"),
      ),
    ),
    h("section", { key: `stream ${subject}`, id: "stream", class: "tall", opaque: true }),
  ];
}
