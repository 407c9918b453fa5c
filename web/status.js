// The status of the daemon, asked for every two seconds.

import { create, element } from "./elements.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */
/** @typedef {import("../src/core/mux/mux-status.js").MuxStatus} MuxStatus */
/** @typedef {string | number | { text: string | number, kind: string } | undefined} Cell a text, perhaps with a class */

const ASK_MS = 2000;
const ANSWER_MS = 5000;
const MAX_ROWS = 500; // of perhaps thousands of connections

/** @param {number} ms */
function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** @param {number} count */
function number(count) {
  return { text: count.toLocaleString("en"), kind: "number" };
}

/** @param {string | undefined} problem undefined: all is well */
function state(problem, good = "") {
  return problem === undefined ? good : { text: problem, kind: "wrong" };
}

/**
 * Fills a table.
 *
 * @param {string} id of its body
 * @param {readonly Cell[][]} rows
 */
function fill(id, rows) {
  const section = document.getElementById(`${id}-section`);
  if (section !== null) section.hidden = rows.length === 0;
  element(id).replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(
        ...cells.map((cell = "") =>
          typeof cell === "object" ? create("td", cell.text, cell.kind) : create("td", cell),
        ),
      );
      return row;
    }),
  );
}

/** @param {DaemonStatus} status */
function showListeners({ listeners }) {
  fill(
    "listeners",
    listeners.map(({ name, address, port, remote, problem }) => [
      name,
      port === 0 ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`,
      remote,
      state(problem, "listening"),
    ]),
  );
}

/** @param {DaemonStatus} status */
function showServers({ directs }) {
  fill(
    "servers",
    directs.flatMap(({ port, name, servers }) =>
      servers.map((server) => [
        labelOf({ port, name }),
        server.address,
        state(server.state === "up" ? undefined : (server.reason ?? "down"), "up"),
        new Date(server.since).toLocaleString(),
        number(server.active),
        number(server.total),
        number(server.failures),
      ]),
    ),
  );
}

/** @param {{ port: number, name?: string | undefined }} line of the configuration */
function labelOf({ port, name }) {
  return name === undefined ? port : `${name} (${port})`;
}

/** @param {MuxStatus} mux */
function linksOf({ links, pool, down }) {
  const ready = links.filter((link) => link.state !== "connecting").length;
  return state(down ? "not reached" : undefined, `${ready} of ${pool} links`);
}

/** @param {DaemonStatus} status */
function showMuxes({ muxes }) {
  fill(
    "muxes",
    muxes.map((mux) => [
      labelOf(mux),
      mux.target,
      mux.protocol,
      linksOf(mux),
      number(mux.clientCount),
      number(mux.waiting),
      number(mux.requests),
      number(mux.answers),
      number(mux.failed),
    ]),
  );
}

/** @param {DaemonStatus} status */
function showConnections({ connections }) {
  const open = connections.filter(({ phase }) => phase !== "closing");
  element("count").textContent = open.length.toLocaleString("en");
  element("more").textContent = open.length > MAX_ROWS ? `… and ${open.length - MAX_ROWS} more` : "";
  fill(
    "connections",
    open
      .slice(0, MAX_ROWS)
      .map(({ id, listener, client, clientPort, remote, phase, received, sent, ageMs, notify }) => [
        id,
        listener,
        `${client}:${clientPort}`,
        remote ?? `(${phase})`,
        number(received),
        number(sent),
        { text: duration(ageMs), kind: "number" },
        notify && `${notify.target}: ${notify.sent} sent, ${notify.failed} failed`,
      ]),
  );
}

/** @param {DaemonStatus} status */
function showStatus(status) {
  const { version, pid, uptimeMs, traffic, notifications, monitor, descriptors } = status;
  const notShown = Object.values(monitor.notShown).reduce((sum, count) => sum + count, 0);
  element("version").textContent = version;
  element("summary").textContent = [
    `up ${duration(uptimeMs)}`,
    `process ${pid}`,
    `${traffic.connections.toLocaleString("en")} connections so far`,
    `${traffic.received.toLocaleString("en")} bytes from remotes, ${traffic.sent.toLocaleString("en")} to them`,
    `${notifications.sent} notifications, ${notifications.retried} repeated, ${notifications.failed} failed`,
    `${descriptors.used} of ${descriptors.limit ?? "?"} descriptors`,
    ...(notShown > 0 ? [`${notShown} messages not shown`] : []),
    ...(status.logLinesLost > 0 ? [`${status.logLinesLost} lines of the log lost`] : []),
  ].join(" · ");
  showListeners(status);
  showServers(status);
  showMuxes(status);
  showConnections(status);
}

/** @param {string} [problem] why the daemon does not answer; absent: it does */
function showProblem(problem) {
  const line = element("problem");
  line.hidden = problem === undefined;
  line.textContent = problem ?? "";
  document.body.classList.toggle("stale", problem !== undefined);
}

/** @param {(status: DaemonStatus) => void} onStatus */
async function ask(onStatus) {
  try {
    const response = await fetch("status", { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(await response.text());
    const status = await response.json();
    showStatus(status);
    onStatus(status);
    showProblem();
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    showProblem(`The daemon does not answer (${message.trim()}). The values below are old; the page keeps asking.`);
  }
}

/**
 * Keeps the status up to date while the page is visible.
 *
 * @param {(status: DaemonStatus) => void} onStatus called with each
 */
export async function keepStatusUpToDate(onStatus) {
  for (;;) {
    if (!document.hidden) await ask(onStatus);
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}
