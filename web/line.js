// One line of the configuration: its device, its clients, its connections, and its last messages.

import { chart } from "./chart.js";
import { clientTable } from "./client-table.js";
import { connectionTable } from "./connection-list.js";
import { byteRate, count, duration, milliseconds, moment, percent, plain, plural, rate } from "./format.js";
import { pointsOf, spanOf } from "./history.js";
import { portAddress, trafficLines } from "./overview.js";
import { facts, section, stateSign, table } from "./parts.js";
import { isAbout, problemList } from "./problems.js";
import { hrefOf } from "./routes.js";
import { standingState } from "./things.js";
import { tiles } from "./tiles.js";
import { h } from "./tree.js";
import { valueTable } from "./value-table.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {World["status"]} Status */

/**
 * @param {World} world
 * @param {string} subject the port, or the name of a listener that has none
 */
export function lineView(world, subject) {
  const { status, things, problems, history, now, ui } = world;
  const listener = status.listeners.find(({ name, port }) => (port === 0 ? name : String(port)) === subject);
  const its = things.filter(({ port }) => String(port) === subject);
  const [first] = its;
  if (listener === undefined && first === undefined)
    return notThere(`Nothing listens on port ${plain(subject, 40)} any more.`);
  const mux = status.muxes.find(({ port }) => String(port) === subject);
  const direct = status.directs.find(({ port }) => String(port) === subject);
  const connections = status.connections.filter(
    ({ listener: name, phase }) => name === listener?.name && phase !== "closing",
  );
  const own = problems.filter((problem) => its.some((thing) => isAbout(problem, thing)));
  const name = its.length === 1 && first ? first.name : plain(listener?.name ?? first?.name, 80);
  return [
    h(
      "div",
      { key: "top", class: "top" },
      h("p", { class: "path" }, h("a", { href: hrefOf("overview") }, "Overview")),
      h("h1", { tabindex: -1 }, name),
      its.length === 1 &&
        first &&
        h("p", {}, stateSign(first.state), h("span", { class: "muted" }, ` ${first.detail}`)),
    ),
    own.length > 0 && h("section", { key: "problems", "aria-label": "What is wrong" }, problemList(own, [], now)),
    h(
      "section",
      { key: "charts", class: "charts", "aria-label": "How it goes" },
      charts(world, subject, listener?.name, { isMux: mux !== undefined, isStanding: direct?.standing !== undefined }),
    ),
    section("facts", "At a glance", lineFacts(listener, mux)),
    mux?.values !== undefined && section("values", "Values", valueTable(mux.values)),
    mux !== undefined && section("clients", "Who asks", clientTable(mux)),
    direct?.standing !== undefined && section("standing", "Connection for MQTT", facts(standingFacts(direct.standing))),
    direct !== undefined && section("servers", "Servers", serverTable(direct, now)),
    its.some(({ kind }) => kind === "tunnel") &&
      its.length > 1 &&
      section("devices", "Devices", tiles(its, history, ui.limit)),
    section(
      "connections",
      ["Connections", h("span", { class: "count" }, ` ${count(connections.length)}`)],
      connectionTable("Connections", connections, ui, "listener"),
    ),
    mux !== undefined || direct !== undefined || connections.length > 0
      ? h("section", { key: `stream ${subject}`, id: "stream", opaque: true })
      : undefined,
  ];
}

/** @param {string} text */
export function notThere(text) {
  return [
    h(
      "div",
      { key: "top", class: "top" },
      h("p", { class: "path" }, h("a", { href: hrefOf("overview") }, "Overview")),
      h("h1", { tabindex: -1 }, "Not here"),
      h("p", { class: "muted" }, text),
    ),
  ];
}

/**
 * @param {World} world
 * @param {string} port
 * @param {string | undefined} listener its name
 * @param {{ readonly isMux: boolean, readonly isStanding: boolean }} what
 */
function charts({ history }, port, listener, { isMux, isStanding }) {
  const span = spanOf(history);
  const response = pointsOf(history, "mux", port, "response");
  return [
    isMux &&
      chart(
        "Requests",
        [
          { name: "all", values: pointsOf(history, "mux", port, "requests") },
          { name: "failed", values: pointsOf(history, "mux", port, "failed") },
        ],
        rate,
        span,
      ),
    isMux && chart("Device response", [{ values: response }], milliseconds, span),
    isStanding && chart("Connection for MQTT", trafficLines(history, "standing", port), byteRate, span),
    listener !== undefined &&
      chart(isStanding ? "Clients" : "Traffic", trafficLines(history, "line", listener), byteRate, span),
  ];
}

/** @param {Status["listeners"][number] | undefined} listener @param {Status["muxes"][number] | undefined} mux */
function lineFacts(listener, mux) {
  /** @type {[string, string | undefined][]} */
  const rows = [];
  if (listener !== undefined) {
    const { address, port, remote, tls, problem } = listener;
    rows.push(
      ["Listens on", portAddress(address, port)],
      ["Leads to", remote && plain(remote.replaceAll(",", ", "), 200)],
      ["TLS", tls && plain(tls, 80)],
    );
    rows.push(["Problem", problem && plain(problem, 300)]);
  }
  if (mux === undefined) return facts(rows);
  const {
    protocol,
    mode,
    load,
    response,
    waiting,
    outstanding,
    requests,
    failed,
    strays,
    events,
    repeated,
    malformed,
  } = mux;
  rows.push(["Protocol", `${protocol}${mode === "broadcast" ? ", broadcast" : ""}`], ["Load", percent(load)]);
  if (response)
    rows.push(
      ["Half of the answers", `within ${milliseconds(response.p50Ms)}`],
      ["99 % of them", `within ${milliseconds(response.p99Ms)}`],
    );
  rows.push(
    ["Requests", count(requests)],
    ["Failed", count(failed)],
    ["Waiting", count(waiting)],
    ["At the device", count(outstanding)],
  );
  /** @type {[string, number][]} what is told when it has happened */
  const seldom = [
    ["Strays", strays],
    ["Events", events],
    ["Repeated", repeated],
    ["Malformed", malformed],
  ];
  return facts([
    ...rows,
    ...seldom.flatMap(([name, number]) =>
      number > 0 ? [/** @type {[string, string]} */ ([name, count(number)])] : [],
    ),
    ...linkRows(mux),
  ]);
}

/** @param {Status["muxes"][number]} mux @returns {[string, string][]} */
function linkRows({ links }) {
  return links.map(({ state, address, ageMs, idleMs, requests }, index) => [
    links.length === 1 ? "Link" : `Link ${index + 1}`,
    `${plain(address, 60)}, ${state}${state === "idle" ? ` for ${duration(idleMs)}` : ""}, ${duration(ageMs)} old, ${plural(requests, "request")}`,
  ]);
}

/** Of a line that is connected without any client. @param {NonNullable<Status["directs"][number]["standing"]>} standing @returns {[string, import("./tree.js").Child][]} */
function standingFacts(standing) {
  const { topic, sinceMs, reason, received, sent, refused } = standing;
  return [
    ["Topic", plain(topic, 130)],
    ["State", stateSign(standingState(standing))],
    ["For", duration(sinceMs)],
    ["Reason", plain(reason ?? "", 300)],
    ["Bytes published", count(received)],
    ["Bytes written", count(sent)],
    ["Messages refused", count(refused)],
  ];
}

/** @param {Status["directs"][number]} direct @param {string} now */
function serverTable({ servers }, now) {
  const columns = [
    { head: "Server" },
    { head: "State" },
    { head: "Since" },
    { head: "Clients", number: true },
    { head: "So far", title: "clients since the start", number: true },
    { head: "Failures", number: true },
  ];
  const rows = servers.map(({ address, state, reason, since, active, total, failures }) => ({
    key: address,
    cells: [
      plain(address, 80),
      state === "up"
        ? stateSign({ level: "good", text: "up" })
        : stateSign({ level: "wrong", text: plain(reason ?? "down", 200) }),
      moment(since, now),
      count(active),
      count(total),
      count(failures),
    ],
  }));
  return h("div", { class: "wide" }, table("Servers", columns, rows));
}
