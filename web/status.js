// The status of the daemon, asked for every two seconds.

import { showDevices } from "./devices.js";
import { duration, element, fill, labelOf, number } from "./elements.js";
import { showTunnels } from "./tunnels.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */

const ASK_MS = 2000;
const ANSWER_MS = 5000;
const MAX_ROWS = 500; // of perhaps thousands of connections

/** @param {string | undefined} problem undefined: all is well */
function state(problem, good = "") {
  return problem === undefined ? good : { text: problem, kind: "wrong" };
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
        server.since.slice(0, 19).replace("T", " "),
        number(server.active),
        number(server.total),
        number(server.failures),
      ]),
    ),
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
  showDevices(status);
  showTunnels(status);
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
