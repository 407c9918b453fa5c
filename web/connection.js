// One connection: between whom, what it has carried, its notifications, its last messages, and the button that closes it.

import { bytes, count, duration, milliseconds, moment, plain } from "./format.js";
import { notThere } from "./line.js";
import { button, facts, section, stateSign } from "./parts.js";
import { hrefOf } from "./routes.js";
import { h } from "./tree.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("../src/core/status/daemon-status.js").ConnectionStatus} ConnectionStatus */

/** @type {Readonly<Record<string, string>>} */
const PHASES = {
  setup: "has not said yet where to",
  watching: "watches messages",
  linked: "is the link of a tunnel",
  dialing: "is being connected",
  echo: "open",
  parked: "waits for its client",
  closing: "is closing",
};

/**
 * @param {World} world
 * @param {string} id
 */
export function connectionView({ status, actions, now, ui }, id) {
  const connection = status.connections.find((each) => each.id === id) ?? ui.last;
  if (connection === undefined || connection.id !== id)
    return notThere(`There is no connection ${plain(id, 60)}: it has ended, or there was none.`);
  const isOpen = status.connections.some((each) => each.id === id && each.phase !== "closing");
  const { client, clientPort, remote, phase, notify, tells = [] } = connection;
  const port = status.listeners.find(({ name }) => name === connection.listener)?.port;
  return [
    h(
      "div",
      { key: "top", class: "top" },
      h(
        "p",
        { class: "path" },
        h("a", { href: hrefOf("connections") }, "Connections"),
        port !== undefined &&
          port > 0 && [" / ", h("a", { href: hrefOf("line", port) }, plain(connection.listener, 60))],
      ),
      h(
        "h1",
        { tabindex: -1 },
        plain(client, 60),
        h("span", { class: "muted" }, `:${clientPort}`),
        " → ",
        plain(remote ?? "…", 80),
      ),
      h(
        "p",
        {},
        isOpen
          ? stateSign({ level: phase === "echo" ? "good" : "idle", text: PHASES[phase] ?? phase })
          : stateSign({ level: "idle", text: "has ended" }),
      ),
      h(
        "div",
        { key: "actions", class: "actions" },
        button("Close connection", "close", id, {
          kind: "danger",
          why: isOpen ? (actions.allowed ? undefined : actions.why) : "It has ended.",
        }),
      ),
    ),
    h("ul", { key: "figures", class: "numbers" }, figures(connection)),
    section("facts", "At a glance", facts(connectionFacts(connection, now))),
    notify !== undefined && section("notify", "Notifications", facts(notifyFacts(notify))),
    ...tells.map((way, index) => section(`told${index}`, wayTitle(way, status.mqtt?.prefix), facts(toldFacts(way)))),
    h("section", { key: `stream ${id}`, id: "stream", opaque: true }),
  ];
}

/** @param {number} number of bytes @param {number | undefined} idleMs since the last of them */
function lastOf(number, idleMs) {
  if (number === 0) return "nothing yet";
  if (idleMs === undefined) return `${count(number)} bytes`;
  return idleMs < 1000 ? "last just now" : `last ${duration(idleMs)} ago`;
}

/** @param {ConnectionStatus} connection */
function figures({ received, sent, ageMs, receiveIdleMs, sendIdleMs }) {
  /** @type {[string, string, string][]} */
  const all = [
    ["Received", bytes(received), lastOf(received, receiveIdleMs)],
    ["Sent", bytes(sent), lastOf(sent, sendIdleMs)],
    ["Age", duration(ageMs), ""],
  ];
  return all.map(([name, value, more]) =>
    h(
      "li",
      { key: name },
      h("span", { class: "label" }, name),
      h("strong", {}, value),
      h("span", { class: "aside" }, more),
    ),
  );
}

/** @param {ConnectionStatus} connection @param {string} now @returns {[string, string | undefined][]} */
function connectionFacts(
  { id, listener, openedAt, clientTls, remoteAddress, options, datagramsLost, received, sent, parked },
  now,
) {
  return [
    ["Id", plain(id, 80)],
    ["Through", plain(listener, 80)],
    ["Opened", moment(openedAt, now)],
    ["Address of the remote", remoteAddress && plain(remoteAddress, 80)],
    ["TLS of the client", clientTls && plain(clientTls, 200)],
    ["Bytes received", count(received)],
    ["Bytes sent", count(sent)],
    ["Waits for its client", parked && `${count(parked.bytes)} bytes, for ${duration(parked.restMs)} more`],
    ["Datagrams lost", datagramsLost ? count(datagramsLost) : undefined],
    ["Options", options && optionText({ ...options })],
  ];
}

/** Options that say nothing without another one: the beginning of their names, and the transport that they belong to. */
const OF_TRANSPORT = /** @type {const} */ ([
  ["tls", "tls"],
  ["verifyCertificate", "tls"],
  ["multicast", "udp"],
]);

/** A time that somebody has set: as exact as that. @param {number} ms */
function setTime(ms) {
  return ms % 1000 === 0 ? duration(ms) : milliseconds(ms);
}

/** The options that are set, in words. @param {Readonly<Record<string, unknown>>} options */
function optionText(options) {
  return Object.entries(options)
    .filter(([name, value]) => name !== "notify" && value !== 0 && value !== false && String(value) !== "")
    .filter(([name]) => OF_TRANSPORT.every(([start, of]) => !name.startsWith(start) || options["transport"] === of))
    .map(([name, value]) => {
      const words = plain(name, 40)
        .replace(/Ms$/, "")
        .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      const isTime = name.endsWith("Ms") && typeof value === "number";
      return `${words} ${isTime ? setTime(value) : plain(typeof value === "object" ? JSON.stringify(value) : value, 200)}`;
    })
    .join(" · ");
}

/** @param {NonNullable<ConnectionStatus["notify"]>} notify @returns {[string, string | undefined][]} */
function notifyFacts(notify) {
  const [device, service, action, pid] = notify.target.split("/");
  return [
    ["Device", plain(device, 40)],
    ["Service", plain(service, 200)],
    ["Action", plain(action, 200)],
    ["Pid", pid && plain(pid, 200)],
    ...toldFacts(notify),
  ];
}

/** What a way besides the Luup engine is called. @param {NonNullable<ConnectionStatus["notify"]>} way @param {string} [prefix] of all topics */
function wayTitle({ target }, prefix = "") {
  const [, way, name = ""] = /^(mqtt|webhook) (.*)$/s.exec(target) ?? [];
  if (way === "mqtt") return `Published at ${plain(`${prefix}/${name}`, 200)}`;
  return way === "webhook" ? `Told to the webhook ${plain(name, 80)}` : `Told to ${plain(target, 160)}`;
}

/** What became of the notifications on one way. @param {NonNullable<ConnectionStatus["notify"]>} way @returns {[string, string | undefined][]} */
function toldFacts({ sent, retried, failed, lastOutcome, failingMs, repeatInMs }) {
  return [
    ["Sent", count(sent)],
    ["Repeated", count(retried)],
    ["Failed", count(failed)],
    ["Last outcome", plain(lastOutcome, 500)],
    ["Fails for", failingMs === undefined ? undefined : duration(failingMs)],
    ["Repeated in", repeatInMs === undefined ? undefined : duration(repeatInMs)],
  ];
}
