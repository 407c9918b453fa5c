// Who asks a shared device for what.

import { count, decimal, milliseconds, plain, plural } from "./format.js";
import { table } from "./parts.js";
import { h } from "./tree.js";

/** @typedef {import("../src/core/mux/mux-status.js").MuxStatus} MuxStatus */
/** @typedef {import("../src/core/mux/client-records.js").ClientStatus} ClientStatus */
/** @typedef {import("../src/core/mux/client-records.js").RequestParts} RequestParts */

const MAX_CLIENTS = 50;

/** What has become of requests, in the order of the columns. `seldom`: the column is there when it has a number in it. */
const PARTS = /** @type {const} */ ([
  { key: "answers", head: "Answered", title: "answered by the device" },
  { key: "cacheHits", head: "Cached", title: "answered from the cache" },
  { key: "joined", head: "Joined", title: "shared the answer to another read" },
  { key: "failed", head: "Failed", title: "no answer in time, no link, or the queue was full" },
  { key: "sent", head: "Sent", title: "went out, and no device answers that", seldom: true },
  { key: "refused", head: "Refused", title: "kept from the device", seldom: true },
  { key: "abandoned", head: "Abandoned", title: "the client left before the answer", seldom: true },
  { key: "open", head: "Open", title: "waits for its turn or its answer", seldom: true },
]);

/** @typedef {readonly (typeof PARTS)[number][]} Parts */

/** @param {MuxStatus} mux */
function partsFor(mux) {
  const isBroadcast = mux.mode === "broadcast"; // no answer belongs to a request
  return PARTS.filter((part) => mux[part.key] > 0 || (isBroadcast ? part.key === "sent" : !("seldom" in part)));
}

/** @param {MuxStatus} mux */
export function clientTable(mux) {
  const { clients } = mux;
  if (clients.length === 0) return h("p", { class: "empty" }, "Nobody has asked yet.");
  const parts = partsFor(mux);
  const columns = [
    { head: "Client" },
    { head: "Per second", title: "requests in a second, over the last minute", number: true },
    { head: "Requests", title: "all that the client has asked; what became of them stands behind it", number: true },
    ...parts.map(({ head, title }) => ({ head, title, number: true })),
    { head: "Wait", title: "for its turn, on average", number: true },
    { head: "Device time", title: "time at the device for each answer, on average", number: true },
  ];
  const rows = clients.slice(0, MAX_CLIENTS).map((client) => clientRow(client, isAlone(client, clients), parts));
  const more = clients.length - MAX_CLIENTS;
  return [
    h("div", { class: "wide" }, table("Clients of the device", columns, [...rows, totals(mux, parts)])),
    more > 0 && h("p", { class: "more" }, `… and ${count(more)} more`),
    h(
      "details",
      { key: "terms", class: "terms" },
      h("summary", {}, "What the numbers mean"),
      h(
        "dl",
        {},
        columns.flatMap(({ head, title = "" }) => (title === "" ? [] : [h("dt", {}, head), h("dd", {}, title)])),
      ),
    ),
  ];
}

/**
 * @param {ClientStatus} client
 * @param {readonly ClientStatus[]} clients
 */
function isAlone(client, clients) {
  return clients.every((other) => other === client || other.address !== client.address);
}

/** What the daemon itself is called among the clients: it comes and goes with each request. */
const POLLER = "poll";

/**
 * @param {ClientStatus} client
 * @param {boolean} alone no other client has its address
 * @param {Parts} parts
 */
function clientRow(client, alone, parts) {
  const { address, id, connected, connections, rate, requests, open, waitedMs, deviceMs, answers } = client;
  const isOwn = address === POLLER;
  const isGone = !connected && !isOwn;
  const title = isOwn
    ? "the daemon itself, for values with poll"
    : `connection ${plain(id, 40)}${connections > 1 ? `, ${plural(connections, "connection")} so far` : ""}`;
  return {
    key: id,
    kind: isGone ? "gone" : "",
    cells: [
      h(
        "span",
        { title },
        plain(address, 60),
        isGone ? " (gone)" : "",
        !alone && h("span", { class: "muted" }, ` ${plain(id, 40)}`),
      ),
      decimal(rate),
      count(requests),
      ...cells(client, parts),
      average(waitedMs, requests - open),
      average(deviceMs, answers),
    ],
  };
}

/** @param {MuxStatus} mux @param {Parts} parts */
function totals(mux, parts) {
  const rate = mux.clients.reduce((sum, client) => sum + client.rate, 0);
  return {
    key: "all",
    kind: "totals",
    cells: ["all", decimal(rate), count(mux.requests), ...cells(mux, parts), "", ""],
  };
}

/** @param {RequestParts} counts @param {Parts} parts */
function cells(counts, parts) {
  return parts.map(({ key }) => {
    const value = counts[key];
    return h("span", { class: value === 0 ? "muted" : key === "failed" ? "wrong" : undefined }, count(value));
  });
}

/** @param {number} sumMs @param {number} number */
function average(sumMs, number) {
  return number === 0 ? h("span", { class: "muted" }, "–") : milliseconds(sumMs / number);
}
