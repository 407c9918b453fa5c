// What the configuration names, each in the same form: shared devices, servers, tunnels, links to servers, who is told, and the plugins behind
// connections.

import { byteRate, bytes, count, duration, labelOf, milliseconds, percent, plain, plural, rate } from "./format.js";
import { brokerOf, webhookOf } from "./receivers.js";
import { hrefOf } from "./routes.js";
import { valueText } from "./value-table.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */
/** @typedef {import("../src/core/status/daemon-status.js").ConnectionStatus} ConnectionStatus */
/** @typedef {import("../src/core/mux/mux-status.js").MuxStatus} MuxStatus */
/** @typedef {import("../src/core/direct/direct-status.js").DirectStatus} DirectStatus */
/** @typedef {import("../src/core/tunnel/tunnel-status.js").SlotStatus} SlotStatus */
/** @typedef {import("../src/core/tunnel/tunnel-status.js").TunnelStatus} TunnelStatus */
/** @typedef {import("../src/core/tunnel/tunnel-status.js").DeviceStatus} DeviceStatus */
/** @typedef {"good" | "wrong" | "warning" | "idle"} Level */
/**
 * @typedef {{
 *   readonly kind: "device" | "server" | "plugin" | "tunnel" | "link" | "broker" | "webhook",
 *   readonly key: string,
 *   readonly name: string,
 *   readonly detail: string,
 *   readonly state: { readonly level: Level, readonly text: string },
 *   readonly figures: readonly (readonly [label: string, value: string])[],
 *   readonly note?: string,
 *   readonly href?: string,
 *   readonly line: string,
 *   readonly alone?: string,
 *   readonly port?: number,
 *   readonly chart?: { readonly of: string, readonly id: string, readonly what: string, readonly title: string, readonly format: (value: number) => string },
 * }} Thing `line` is what problems call its line; `alone` what they call it, where its line has several
 */

/** What the page calls each kind. */
export const KINDS = {
  device: "Device",
  server: "Server",
  plugin: "Plugin",
  tunnel: "Tunnel",
  link: "Link to a server",
  broker: "MQTT broker",
  webhook: "Webhook",
};

const MAX_REMOTES = 3; // of a plugin with many connections
const MAX_VALUES = 3; // of a device that publishes many

/**
 * @param {DaemonStatus} status
 * @returns {Thing[]}
 */
export function thingsOf({ listeners, muxes, directs, tunnels, devices, mqtt, webhooks = [], connections }) {
  return [
    ...muxes.map(deviceOf),
    ...directs.map((direct) => serverOf(direct, listeners.find(({ port }) => port === direct.port)?.name ?? "")),
    ...pluginsOf(connections),
    ...tunnels.flatMap((line) => (line.devices ?? [line]).map((slot) => tunnelOf(line, slot))),
    ...devices.map(linkOf),
    ...(mqtt === undefined ? [] : [brokerOf(mqtt)]),
    ...webhooks.map(webhookOf),
  ];
}

/** A line as problems name it. @param {{ readonly port: number, readonly name?: string }} line */
function lineOf({ port, name }) {
  return name ?? String(port);
}

/** @param {MuxStatus} mux @returns {Thing} */
function deviceOf(mux) {
  const { port, target, protocol, mode, clientCount, clients, load, response } = mux;
  const asked = clients.reduce((sum, client) => sum + client.rate, 0);
  return {
    kind: "device",
    key: `device ${port} ${target}`,
    name: labelOf(mux),
    detail: `${plain(target, 80)} · ${protocol}${mode === "broadcast" ? " broadcast" : ""}`,
    state: deviceState(mux),
    figures: [
      ["Requests", rate(asked)],
      mode === "broadcast"
        ? ["Messages", count(mux.events)]
        : ["Answers in", response ? milliseconds(response.p50Ms) : "–"],
      mode === "broadcast" ? ["Strays", count(mux.strays)] : ["Load", percent(load)],
      ["Clients", count(clientCount)],
    ],
    href: hrefOf("line", port),
    line: lineOf(mux),
    port,
    ...notedValues(mux),
    chart: { of: "mux", id: String(port), what: "requests", title: "Requests per second", format: rate },
  };
}

/** The first values that are true now, as a note. @param {MuxStatus} mux */
function notedValues({ values = [] }) {
  const known = values.filter(({ state }) => state === "good").slice(0, MAX_VALUES);
  return known.length === 0
    ? undefined
    : { note: known.map((each) => `${plain(each.name, 40)} ${valueText(each)}`).join(" · ") };
}

/** @param {MuxStatus} mux @returns {Thing["state"]} */
function deviceState({ links, pool, down }) {
  if (down) return { level: "wrong", text: "not reached" };
  const ready = links.filter(({ state }) => state !== "connecting").length;
  if (ready === 0) return { level: "idle", text: links.length > 0 ? "connecting" : "no link" };
  return { level: "good", text: pool > 1 ? `${ready} of ${plural(pool, "link")}` : "linked" };
}

/** @param {DirectStatus} direct @param {string} listener its name @returns {Thing} */
function serverOf(direct, listener) {
  const { port, servers, standing } = direct;
  const down = servers.filter(({ state }) => state === "down");
  const sum = (/** @type {"active" | "total" | "failures"} */ key) =>
    servers.reduce((all, server) => all + server[key], 0);
  return {
    kind: "server",
    key: `server ${port}`,
    name: labelOf(direct),
    detail: [
      ...servers.map(({ address }) => plain(address, 80)),
      ...(standing === undefined ? [] : [`MQTT ${plain(standing.topic, 80)}`]),
    ].join(" · "),
    state:
      standing === undefined || down.length > 0 ? serverState(servers.length, down.length) : standingState(standing),
    figures:
      standing === undefined
        ? [
            ["Clients", count(sum("active"))],
            ["So far", count(sum("total"))],
            ["Failures", count(sum("failures"))],
          ]
        : [
            ["Published", bytes(standing.received)],
            ["Written", bytes(standing.sent)],
            ["Refused", count(standing.refused)],
            ["Failures", count(sum("failures"))],
          ],
    href: hrefOf("line", port),
    line: lineOf(direct),
    port,
    chart: {
      ...(standing === undefined ? { of: "line", id: listener } : { of: "standing", id: String(port) }),
      what: "received",
      title: "Bytes per second from the server",
      format: byteRate,
    },
  };
}

/** @param {number} all @param {number} down @returns {Thing["state"]} */
function serverState(all, down) {
  if (down === 0) return { level: "good", text: all > 1 ? `all ${all} up` : "up" };
  return { level: down === all ? "wrong" : "warning", text: all > 1 ? `${down} of ${all} down` : "down" };
}

/** Of a line that is connected without any client. @param {NonNullable<DirectStatus["standing"]>} standing @returns {Thing["state"]} */
export function standingState({ connected, dialing }) {
  if (connected) return { level: "good", text: "connected" };
  return dialing ? { level: "idle", text: "connecting" } : { level: "warning", text: "not connected" };
}

/** What a plugin wants to be told, and where: `dev/sid/act`, without the pid of one connection. @param {string} target */
function actionOf(target) {
  return target.split("/").slice(0, 3).join("/");
}

/**
 * @param {readonly ConnectionStatus[]} connections
 * @returns {Thing[]}
 */
function pluginsOf(connections) {
  /** @type {Map<string, ConnectionStatus[]>} */
  const plugins = new Map();
  for (const connection of connections) {
    if (connection.notify === undefined) continue;
    const action = actionOf(connection.notify.target);
    const others = plugins.get(action);
    if (others === undefined) plugins.set(action, [connection]);
    else others.push(connection);
  }
  return [...plugins].map(([action, its]) => pluginOf(action, its));
}

/** @param {string} action @param {readonly ConnectionStatus[]} connections @returns {Thing} */
function pluginOf(action, connections) {
  const [device = "", service = ""] = action.split("/");
  const sum = (/** @type {"sent" | "failed" | "retried"} */ key) =>
    connections.reduce((all, { notify }) => all + (notify?.[key] ?? 0), 0);
  const remotes = [...new Set(connections.map(({ remote }) => plain(remote, 80)))];
  const [first] = connections;
  const failing = connections.filter(({ notify }) => notify?.failingMs !== undefined);
  const repeating = failing.filter(({ notify }) => notify?.repeatInMs !== undefined);
  const last = failing.at(-1) ?? connections.at(-1);
  return {
    kind: "plugin",
    key: `plugin ${action}`,
    name: `Device ${plain(device, 20)}`,
    detail: [
      plain(service.split(":").at(-1), 60),
      ...remotes.slice(0, MAX_REMOTES),
      ...(connections.length > 1 ? [plural(connections.length, "connection")] : []),
    ].join(" · "),
    state: pluginState(sum("sent"), failing.length),
    figures: [
      ["Notified", count(sum("sent"))],
      ["Repeated", count(sum("retried"))],
      ["Failed", count(sum("failed"))],
      ...(repeating.length > 0 ? [/** @type {[string, string]} */ (["To be repeated", count(repeating.length)])] : []),
    ],
    href: connections.length === 1 && first ? hrefOf("connection", first.id) : hrefOf("search", action),
    line: action,
    note: `Last answer: ${plain(last?.notify?.lastOutcome, 160) || "none yet"}`,
  };
}

/** @param {number} sent @param {number} failing connections whose last notification has failed @returns {Thing["state"]} */
function pluginState(sent, failing) {
  if (failing > 0) return { level: "warning", text: "not notified" };
  return sent === 0 ? { level: "idle", text: "nothing yet" } : { level: "good", text: "notified" };
}

/** @param {TunnelStatus} line @param {SlotStatus} slot @returns {Thing} */
function tunnelOf(line, slot) {
  const { device, exposed, link, listening, resumed } = slot;
  return {
    kind: "tunnel",
    key: `tunnel ${line.port} ${device ?? ""}`,
    name: device === undefined ? labelOf(line) : `${labelOf(line)} · ${plain(device, 80)}`,
    detail: [
      exposed.map((each) => plain(each.replace(">", " → "), 120)).join(", "),
      ...(link === undefined ? [] : [`${plain(link.address, 60)} for ${duration(link.ageMs)}`]),
    ].join(" · "),
    state: link === undefined ? { level: "wrong", text: "no device" } : linkState(link, listening),
    figures: [
      ["Clients", count(link?.clients ?? 0)],
      ["Received", bytes(slot.received)],
      ["Sent", bytes(slot.sent)],
      ["Resumed", count(resumed)],
    ],
    href: hrefOf("line", line.port),
    line: lineOf(line),
    ...(device !== undefined && { alone: `${lineOf(line)} ${device}` }),
    port: line.port,
    chart: {
      of: "tunnel",
      id: device === undefined ? String(line.port) : `${line.port}/${device}`,
      what: "received",
      title: "Bytes per second from the device",
      format: byteRate,
    },
  };
}

/** @param {DeviceStatus} device @returns {Thing} */
function linkOf(device) {
  const { name, server, services, link, problem, received, sent, resumed } = device;
  return {
    kind: "link",
    key: `link ${name ?? ""} ${server}`,
    name: plain(name ?? server, 80),
    detail: `${name === undefined ? "" : `${plain(server, 80)} · `}${plain(services, 200) || "nothing"}`,
    state: link === undefined ? { level: "wrong", text: "not connected" } : linkState(link, true),
    ...(link === undefined && problem !== undefined && { note: plain(problem, 160) }),
    figures: [
      ["Clients", count(link?.clients ?? 0)],
      ["Received", bytes(received)],
      ["Sent", bytes(sent)],
      ["Resumed", count(resumed)],
    ],
    line: name ?? server,
    ...(name !== undefined && { alone: `${name} ${server}` }),
    chart: { of: "device", id: server, what: "sent", title: "Bytes per second to the server", format: byteRate },
  };
}

/** @param {NonNullable<SlotStatus["link"]>} link @param {boolean} listening @returns {Thing["state"]} */
function linkState({ resuming }, listening) {
  if (resuming) return { level: "warning", text: "waits to resume" };
  return listening ? { level: "good", text: "linked" } : { level: "warning", text: "not ready" };
}
