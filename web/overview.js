// The first view: what is wrong, how it goes, and everything that the configuration names.

import { chart } from "./chart.js";
import { moreButton } from "./connection-list.js";
import { byteRate, bytes, count, duration, milliseconds, moment, plain, plural, rate } from "./format.js";
import { combined, pointsOf, spanOf } from "./history.js";
import { button, facts, section, stateSign } from "./parts.js";
import { headline, levelOf, problemList } from "./problems.js";
import { hrefOf } from "./routes.js";
import { tiles } from "./tiles.js";
import { h } from "./tree.js";

/** @typedef {import("./world.js").World} World */

/** The heading of what the configuration names. */
export const HEADING = "Devices, plugins, tunnels";

const NOTHING =
  "None yet. A plugin has a tile here once it connects, and so have [mux], [direct], [tunnel], [device], [mqtt] and [webhook] in the configuration.";

/** @param {World} world */
export function overview({ status, problems, things, history, now, actions, ui }) {
  const open = status.connections.filter(({ phase }) => phase !== "closing").length;
  const parked = status.parking?.connections ?? 0;
  return [
    h(
      "div",
      { key: "top", class: `top ${levelOf(problems)}` },
      h("h1", { tabindex: -1 }, h("span", { class: "sign", "aria-hidden": "true" }), headline(problems)),
      h(
        "p",
        { class: "muted" },
        `Up for ${duration(status.uptimeMs)} · `,
        h("a", { href: hrefOf("connections") }, plural(open, "connection")),
        parked > 0 && [" (", h("a", { href: hrefOf("search", "parked") }, `${count(parked)} parked`), ")"],
        ` · ${plural(status.listeners.length, "port").replace(" ", "\u00A0")}`,
      ),
    ),
    problems.length > 0 &&
      h("section", { key: "problems", "aria-label": "What is wrong" }, problemList(problems, things, now)),
    h("section", { key: "charts", "aria-label": "How it goes", class: "charts" }, charts(history)),
    things.length === 0
      ? section("things", HEADING, h("p", { class: "empty" }, NOTHING))
      : section(
          "things",
          [HEADING, h("span", { class: "count" }, ` ${count(things.length)}`)],
          tiles(things, history, ui.limit),
        ),
    section("ports", "Ports", ports(status, ui.limit), moreButton(status.listeners.length, ui.limit)),
    section("daemon", "Daemon", daemonFacts(status, now), h("div", { class: "actions" }, daemonButtons(actions))),
  ];
}

/** @param {World["history"]} history */
function charts(history) {
  const span = spanOf(history);
  const [requests, response, delay, answer] = [
    combined(history, "mux", "requests", sum),
    combined(history, "mux", "response", highest),
    pointsOf(history, "notifications", "", "delay"),
    pointsOf(history, "notifications", "", "answer"),
  ];
  return [
    chart("Traffic", trafficLines(history, "daemon", ""), byteRate, span),
    requests.length > 0 && chart("Requests to devices", [{ values: requests }], rate, span),
    response.length > 0 && chart("Slowest device", [{ values: response }], milliseconds, span),
    chart(
      "Notifications",
      [
        { name: "until sent", values: delay },
        { name: "until answered", values: answer },
      ],
      milliseconds,
      span,
    ),
  ];
}

/**
 * Bytes in both directions.
 *
 * @param {World["history"]} history
 * @param {string} of
 * @param {string} id
 */
export function trafficLines(history, of, id) {
  return [
    { name: "received", values: pointsOf(history, of, id, "received") },
    { name: "sent", values: pointsOf(history, of, id, "sent") },
  ];
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** @param {readonly number[]} values */
function highest(values) {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** @param {World["status"]} status @param {number} limit */
function ports({ listeners }, limit) {
  return h(
    "ul",
    { class: "ports" },
    listeners
      .slice(0, limit)
      .map(({ kind, name, address, port, remote, problem }) =>
        h(
          "li",
          { key: name },
          h(
            "strong",
            {},
            kind === "web" ? plain(name, 80) : h("a", { href: hrefOf("line", port || name) }, plain(name, 80)),
          ),
          h(
            "span",
            { class: "aside" },
            portAddress(address, port),
            remote !== undefined && ` → ${plain(remote.replaceAll(",", ", "), 120)}`,
          ),
          problem === undefined
            ? stateSign({ level: "good", text: "listening" })
            : stateSign({ level: "wrong", text: plain(problem, 200) }),
        ),
      ),
  );
}

/** @param {string} address @param {number} port */
export function portAddress(address, port) {
  if (port === 0) return plain(address, 120);
  return `${address.includes(":") ? `[${address}]` : plain(address, 60)}:${port}`;
}

/** @param {World["status"]} status @param {string} now */
function daemonFacts(
  {
    version,
    pid,
    startedAt,
    traffic,
    notifications,
    alerts,
    descriptors,
    logLinesLost,
    monitor,
    vera,
    parking,
    events,
  },
  now,
) {
  const notShown = Object.values(monitor.notShown).reduce((all, number) => all + number, 0);
  return facts([
    ["Version", plain(version, 40)],
    ["Process", String(pid)],
    ["Started", moment(startedAt, now)],
    ["Connections so far", count(traffic.connections)],
    ["Ended by a reset", count(traffic.resets)],
    ["Received", bytes(traffic.received)],
    ["Sent", bytes(traffic.sent)],
    ["Alerts", `${count(alerts.delivered)} delivered, ${count(alerts.waiting)} waiting`],
    [
      "Open files and sockets",
      `${count(descriptors.used)} of ${descriptors.limit === undefined ? "?" : count(descriptors.limit)}`,
    ],
    ["Luup engine", plain(vera, 120)],
    [
      "Notifications",
      `${count(notifications.sent)} sent, ${count(notifications.retried)} repeated, ${count(notifications.failed)} failed, ${count(notifications.waiting)} waiting (${count(notifications.repeating)} to be repeated)`,
    ],
    [
      "Parked",
      parking && parking.connections > 0
        ? `${plural(parking.connections, "connection")}, ${bytes(parking.bytes)}`
        : undefined,
    ],
    ["Readers of events", events && events.readers > 0 ? count(events.readers) : undefined],
    ["Messages not shown", notShown > 0 ? count(notShown) : undefined],
    ["Log lines lost", logLinesLost > 0 ? count(logLinesLost) : undefined],
  ]);
}

/** @param {World["actions"]} actions */
function daemonButtons(actions) {
  const why = actions.allowed ? undefined : actions.why;
  return [
    button("Reload configuration", "reload", "", { why }),
    button(actions.debug ? "Debug off" : "Debug on", "debug", actions.debug ? "off" : "on", {
      why: why === undefined ? undefined : "",
      pressed: actions.debug,
    }),
  ];
}
