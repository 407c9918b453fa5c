import { SILENT } from "../health/problems.js";
import { isEverywhere } from "../net/address.js";
import { brokerTable } from "./broker-table.js";
import { ADDRESS, amount, byKey, nameOf, type Readings, rate, TRAFFIC, traffic } from "./cells.js";
import type { Fields } from "./fields.js";
import { shortDelay, shortNumber, shortTime } from "./quantities.js";
import { type Span, span } from "./screen.js";
import type { Table } from "./table.js";
import { tunnelTable } from "./tunnel-table.js";
import { valueTable } from "./value-table.js";
import { webhookTable } from "./webhook-table.js";

/** A table of the status with its heading. */
export interface Section {
  readonly title: string;
  readonly table: Table;
}

/** All tables of the status that have rows. */
export function sections(readings: Readings): Section[] {
  const { now } = readings;
  const tables: readonly Section[] = [
    { title: "Published values", table: valueTable(now) },
    { title: "Tunnels", table: tunnelTable(readings) },
    { title: "MQTT broker", table: brokerTable(now) },
    { title: "Webhooks", table: webhookTable(now) },
  ];
  const all = [lineSection(readings), deviceSection(readings), ...tables, connectionSection(readings)];
  return all.filter(({ table }) => table.rows.length > 0);
}

function lineSection({ now, before, ownId }: Readings): Section {
  const carried = new Map(now.child("lines").entries);
  const standing = byKey(now.list("directs"), (direct) => direct.text("port"));
  const carriedBefore = new Map(before?.status.child("lines").entries);
  const open = new Map<string, number>();
  for (const connection of now.list("connections")) {
    const line = connection.text("listener");
    if (connection.text("phase") !== "closing" && connection.text("id") !== ownId)
      open.set(line, (open.get(line) ?? 0) + 1);
  }
  const rows = now.list("listeners").map((listener) => {
    const name = listener.text("name");
    const problem = listener.text("problem");
    const line = carried.get(name);
    return [
      span(lineName(listener), "bold"),
      span(place(listener), "gray"),
      problem === "" ? standingState(standing.get(listener.text("port"))) : span("down", "red"),
      amount(open.get(name) ?? 0),
      ...traffic(line, carriedBefore.get(name), before?.agoMs),
      span(listener.text("remote")),
    ];
  });
  return {
    title: "Lines",
    table: {
      columns: [
        { title: "line", min: 12 },
        { title: "listens on", spare: 2 },
        { title: "state" },
        { title: "open", align: "right" },
        ...TRAFFIC,
        { title: "to", min: ADDRESS, spare: 4 },
      ],
      rows,
    },
  };
}

/** Of a port that is open: also whether the connection is there that its line keeps without any client (`dial=always`). */
function standingState(direct: Fields | undefined): Span {
  if (direct === undefined || !direct.has("standing")) return span("ok", "green");
  const standing = direct.child("standing");
  if (standing.isTrue("connected")) return span("connected", "green");
  if (standing.isTrue("dialing")) return span("connecting", "gray");
  return span(`not connected ${shortTime(standing.number("sinceMs") ?? 0)}`, "yellow");
}

/** A line by its kind and the name of its section; one without a section by its port. */
function lineName(listener: Fields): string {
  const section = listener.text("section");
  return section === "" ? listener.text("name") : `${listener.text("kind")} ${section}`;
}

/** Where something listens: `address:port`, `*:port` for all addresses, or the path of a Unix socket. */
function place(listener: Fields): string {
  const [address, port] = [listener.text("address"), listener.text("port")];
  if (isEverywhere(address)) return `*:${port}`;
  return port === "0" ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function deviceSection({ now, before }: Readings): Section {
  const earlier = byKey(before?.status.list("muxes"), nameOf);
  const rows = now.list("muxes").map((mux) => {
    const last = earlier.get(nameOf(mux));
    return [
      span(nameOf(mux), "bold"),
      deviceState(mux),
      amount(mux.number("clientCount")),
      amount(mux.number("waiting")),
      rate(mux.number("requests"), last?.number("requests"), before?.agoMs),
      amount(mux.number("requests")),
      amount(mux.number("failed"), (failed) => (failed > 0 ? "yellow" : undefined)),
      span(responseTime(mux, last)),
      span(mux.text("protocol"), "gray"),
      span(mux.text("target")),
    ];
  });
  return {
    title: "Shared devices",
    table: {
      columns: [
        { title: "device", min: 8 },
        { title: "state" },
        { title: "clients", align: "right", spare: 4 },
        { title: "waiting", align: "right", spare: 3 },
        { title: "req/s", align: "right", spare: 2 },
        { title: "requests", align: "right", spare: 5 },
        { title: "failed", align: "right", spare: 1 },
        { title: "answers in", align: "right", spare: 3 },
        { title: "protocol", spare: 7 },
        { title: "at", min: ADDRESS, spare: 6 },
      ],
      rows,
    },
  };
}

function deviceState(mux: Fields): Span {
  if (mux.isTrue("down")) return span(`down ${shortTime(mux.number("downMs") ?? 0)}`, "red");
  if ((mux.number("unanswered") ?? 0) >= SILENT.requests) {
    return span(`silent ${shortTime(mux.number("silentMs") ?? 0)}`, "yellow");
  }
  const links = mux.list("links").map((link) => link.text("state"));
  if (links.length === 0) return span("no link", "gray");
  return links.every((state) => state === "connecting") ? span("connecting", "yellow") : span("linked", "green");
}

/** How long the device takes to answer: since the last reading, or since the start. */
function responseTime(mux: Fields, before: Fields | undefined): string {
  const [all, past] = [mux.child("responses"), before?.child("responses")];
  const count = all.number("count") ?? 0;
  if (count === 0) return "";
  const sumMs = all.number("sumMs") ?? 0;
  const more = count - (past?.number("count") ?? count);
  return more > 0 ? shortDelay((sumMs - (past?.number("sumMs") ?? 0)) / more) : shortDelay(sumMs / count);
}

/** The phase of a connection; of a parked one what waits in it, and for how long it waits. */
function phaseOf(connection: Fields): Span {
  if (!connection.has("parked")) return span(connection.text("phase"));
  const parked = connection.child("parked");
  const bytes = shortNumber(parked.number("bytes") ?? 0);
  return span(`parked ${bytes} B, ${shortTime(parked.number("restMs") ?? 0)}`, "yellow");
}

/**
 * The connections, without the one that asks.
 *
 * @param line only those of the listener with this name
 */
export function connectionSection({ now, before, ownId }: Readings, line?: string): Section {
  const earlier = byKey(before?.status.list("connections"), (connection) => connection.text("id"));
  const connections = now
    .list("connections")
    .filter(
      (connection) =>
        connection.text("id") !== ownId && (line ?? connection.text("listener")) === connection.text("listener"),
    );
  const rows = connections.map((connection) => {
    const ways = [...(connection.has("notify") ? [connection.child("notify")] : []), ...connection.list("tells")];
    const isFailing = ways.some((way) => (way.number("failed") ?? 0) > 0);
    return [
      span(connection.text("id"), "gray"),
      span(connection.text("client"), "bold"),
      connection.has("remote") ? span(connection.text("remote")) : span(connection.text("listener"), "gray"),
      phaseOf(connection),
      span(shortTime(connection.number("ageMs") ?? Number.NaN)),
      ...traffic(connection, earlier.get(connection.text("id")), before?.agoMs),
      span(idleTime(connection)),
      span(line === undefined ? connection.text("listener") : "", "gray"),
      span(ways.map((way) => way.text("target")).join(", "), isFailing ? "yellow" : undefined),
    ];
  });
  return {
    title: `Connections: ${rows.length}`,
    table: {
      columns: [
        { title: "id", spare: 2 },
        { title: "client", min: 15 },
        { title: "remote", min: ADDRESS },
        { title: "phase", spare: 1 },
        { title: "age", align: "right", spare: 4 },
        ...TRAFFIC,
        { title: "idle", align: "right", spare: 6 },
        { title: "line", min: 12, spare: 8 },
        { title: "notifies", min: 12, spare: 7 },
      ],
      rows,
    },
  };
}

/** How long nothing has come from either side. */
function idleTime(connection: Fields): string {
  const idle = [connection.number("receiveIdleMs"), connection.number("sendIdleMs")].filter((ms) => ms !== undefined);
  return idle.length === 0 ? "" : shortTime(Math.min(...idle));
}
