// Connections as a table: sorted, and as many as a reader takes in.

import { bytes, count, duration, plain } from "./format.js";
import { stateSign, table } from "./parts.js";
import { hrefOf } from "./routes.js";
import { h } from "./tree.js";

/** @typedef {import("../src/core/status/daemon-status.js").ConnectionStatus} ConnectionStatus */
/** @typedef {{ readonly key: string, readonly descending: boolean }} Order */

/** @type {Readonly<Record<string, (connection: ConnectionStatus) => string | number>>} */
const SORTS = {
  client: ({ client }) => client,
  listener: ({ listener }) => listener,
  remote: ({ remote }) => remote ?? "",
  received: ({ received }) => received,
  sent: ({ sent }) => sent,
  age: ({ ageMs }) => ageMs,
};

/** @param {readonly ConnectionStatus[]} connections @param {Order} order @returns {ConnectionStatus[]} */
export function sorted(connections, { key, descending }) {
  const value = SORTS[key];
  if (value === undefined) return [...connections];
  const sign = descending ? -1 : 1;
  return [...connections].sort((one, other) => {
    const [left, right] = [value(one), value(other)];
    return (
      sign *
      (typeof left === "string" ? left.localeCompare(String(right), "en", { numeric: true }) : left - Number(right))
    );
  });
}

/** The order after a click on the head of a column: numbers begin with the largest. @param {Order} order @param {string} key @returns {Order} */
export function nextOrder(order, key) {
  if (order.key === key) return { key, descending: !order.descending };
  return { key, descending: ["received", "sent", "age"].includes(key) };
}

/**
 * @param {string} label
 * @param {readonly ConnectionStatus[]} connections
 * @param {{ readonly order: Order, readonly limit: number }} shown
 * @param {string} [without] a column that would say the same in each row
 */
export function connectionTable(label, connections, { order, limit }, without = "") {
  if (connections.length === 0) return h("p", { class: "empty" }, "No connections.");
  /** @param {string} head @param {string} key */
  const column = (head, key, number = false) => ({
    ...{ head, key, number },
    sort:
      order.key !== key
        ? /** @type {const} */ ("none")
        : order.descending
          ? /** @type {const} */ ("descending")
          : /** @type {const} */ ("ascending"),
  });
  const columns = [
    column("Client", "client"),
    column("Remote", "remote"),
    column("Through", "listener"),
    column("Received", "received", true),
    column("Sent", "sent", true),
    column("Age", "age", true),
    { head: "Notifies", key: "notify" },
  ];
  const isNotifying = connections.some(({ notify, tells }) => notify !== undefined || tells !== undefined);
  const kept = columns.map(({ key }) => key !== without && (key !== "notify" || isNotifying));
  /** @template T @param {readonly T[]} all @returns {T[]} */
  const pick = (all) => all.filter((_, index) => kept[index]);
  const rows = sorted(connections, order).slice(0, limit).map(rowOf);
  return [
    h(
      "div",
      { class: "wide" },
      table(
        label,
        pick(columns),
        rows.map((row) => ({ ...row, cells: pick(row.cells) })),
      ),
    ),
    moreButton(connections.length, limit),
  ];
}

/** What is below a list that is longer than a reader takes in. @param {number} length @param {number} limit how many are shown */
export function moreButton(length, limit) {
  return (
    length > limit &&
    h(
      "p",
      { class: "more" },
      `${count(limit)} of ${count(length)} are shown. `,
      h("button", { type: "button", "data-action": "more" }, "Show 100 more"),
    )
  );
}

/** @param {ConnectionStatus} connection */
function rowOf(connection) {
  const { id, listener, client, clientPort, received, sent, ageMs, notify, tells = [] } = connection;
  return {
    key: id,
    cells: [
      h("a", { href: hrefOf("connection", id) }, `${plain(client, 60)}:${clientPort}`),
      remoteOf(connection),
      plain(listener, 60),
      bytes(received),
      bytes(sent),
      duration(ageMs),
      [...(notify === undefined ? [] : [notifyText(notify)]), ...tells.map(toldText)].join(" · "),
    ],
  };
}

/** Where a connection leads, and what keeps it from that. @param {ConnectionStatus} connection */
function remoteOf({ remote, phase, parked }) {
  if (remote === undefined) return h("span", { class: "muted" }, phase);
  if (parked === undefined) return plain(remote, 80);
  const waits = `parked, ${bytes(parked.bytes)}, ${duration(parked.restMs)} left`;
  return h("span", {}, plain(remote, 80), " ", stateSign({ level: "idle", text: waits }));
}

/** @param {NonNullable<ConnectionStatus["notify"]>} way another one than the Luup engine */
function toldText({ target, sent, failed }) {
  return `${plain(target, 60)}: ${amounts(sent, failed)}`;
}

/** @param {number} sent @param {number} failed */
function amounts(sent, failed) {
  return `${count(sent)} sent${failed > 0 ? `, ${count(failed)} failed` : ""}`;
}

/** @param {NonNullable<ConnectionStatus["notify"]>} notify */
export function notifyText({ target, sent, failed }) {
  const [device = "", , , pid = ""] = target.split("/");
  return `device ${plain(device, 20)}${pid === "" ? "" : ` · ${plain(pid, 40)}`}: ${amounts(sent, failed)}`;
}
