// A line of the log and a message that has passed, as a piece of the page. Pure: the stream puts it there.

import { plain } from "./format.js";
import { hrefOf } from "./routes.js";
import { h } from "./tree.js";

/** @typedef {import("./tree.js").Tree} Tree */

/** @type {Readonly<Record<string, [kind: string, words: string]>>} the kind of each direction, and its words for a screen reader */
const DIRECTIONS = {
  "CLIENT→PROXY": ["client-proxy", "from the client"],
  "PROXY→SERVER": ["proxy-server", "to the server"],
  "SERVER→PROXY": ["server-proxy", "from the server"],
  "PROXY→CLIENT": ["proxy-client", "to the client"],
};

/** The time of day. @param {unknown} iso */
function timeOf(iso) {
  return h("time", {}, plain(String(iso ?? "").slice(11, 23), 12));
}

/**
 * A line of the daemon's log.
 *
 * @param {Readonly<Record<string, unknown>>} data
 * @returns {Tree}
 */
export function logLine(data) {
  if (data["lost"] !== undefined)
    return h("p", { class: "level-warn" }, `… ${plain(data["lost"], 20)} lines are missing`);
  const level = plain(data["level"], 10);
  return h(
    "p",
    { class: `level-${level.replace(/\W/g, "")}` },
    timeOf(data["time"]),
    h("span", { class: "tag" }, level),
    plain(data["text"]),
  );
}

/**
 * A message, or what has become of a connection: a line of `sockproxyd watch --json`.
 *
 * @param {Readonly<Record<string, unknown>>} data
 * @param {boolean} isOfMany several connections may stand in the list
 * @returns {Tree}
 */
export function messageLine(data, isOfMany) {
  if (data["notShown"] !== undefined)
    return h("p", { class: "level-warn" }, `… ${plain(data["notShown"], 20)} messages not shown`);
  if (data["notLookedAt"] !== undefined)
    return h("p", { class: "level-warn" }, `… ${plain(data["notLookedAt"], 20)} bytes not looked at`);
  const { time, direction, event, connection, client, server, message, fault, text } = data;
  const ends = [client, server]
    .filter((end) => end !== undefined)
    .map((end) => plain(end, 80))
    .join(" → ");
  const from =
    isOfMany &&
    connection !== undefined &&
    h(
      "a",
      { class: "from", href: hrefOf("connection", String(connection)), title: ends },
      plain(client ?? connection, 60),
    );
  if (direction === undefined) {
    const isError = event === "error";
    return h(
      "p",
      { class: isError ? "level-error" : "event" },
      timeOf(time),
      h("span", { class: "tag" }, plain(event, 20)),
      from,
      plain(text ?? ends),
    );
  }
  const [kind = "", words = plain(direction, 40)] = DIRECTIONS[String(direction)] ?? [];
  return h(
    "p",
    { class: `message ${kind}` },
    timeOf(time),
    h("span", { class: "tag" }, words),
    from,
    h("span", { class: "text" }, plain(message)),
    fault !== undefined && h("span", { class: "wrong" }, ` ✗ ${plain(fault, 300)}`),
  );
}
