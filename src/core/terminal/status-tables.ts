import { SILENT } from "../health/problems.js";
import { isEverywhere } from "../net/address.js";
import type { Fields } from "./fields.js";
import { shortDelay, shortNumber, shortTime } from "./quantities.js";
import { type Span, type Style, span } from "./screen.js";
import type { Column, Table } from "./table.js";
import { valueTable } from "./value-table.js";
import { webhookTable } from "./webhook-table.js";

/** One reading of the status, and the one before it, where rates are wanted. */
export interface Readings {
  readonly now: Fields;
  readonly before?: { readonly status: Fields; readonly agoMs: number };
  /** The connection that has asked: it is no news. */
  readonly ownId?: string;
}

/** A table of the status with its heading. */
export interface Section {
  readonly title: string;
  readonly table: Table;
}

const ADDRESS = "192.168.100.100:65535".length; // an address is worth more than what is spare

/** Bytes so far, and how many a second where two readings tell. */
const TRAFFIC: readonly Column[] = [
  { title: "in/s", align: "right", spare: 3 },
  { title: "out/s", align: "right", spare: 3 },
  { title: "in", align: "right", spare: 5 },
  { title: "out", align: "right", spare: 5 },
];

/** All tables of the status that have rows. */
export function sections(readings: Readings): Section[] {
  const all = [
    ...[lineSection(readings), deviceSection(readings), { title: "Published values", table: valueTable(readings.now) }],
    ...[tunnelSection(readings), { title: "Webhooks", table: webhookTable(readings.now) }, connectionSection(readings)],
  ];
  return all.filter(({ table }) => table.rows.length > 0);
}

function lineSection({ now, before, ownId }: Readings): Section {
  const carried = new Map(now.child("lines").entries);
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
      problem === "" ? span("ok", "green") : span("down", "red"),
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

function tunnelSection({ now, before }: Readings): Section {
  const earlier = byKey(tunnelEnds(before?.status), ({ name }) => name);
  const rows = tunnelEnds(now).map(({ name, end }) => {
    const link = end.child("link");
    return [
      span(name, "bold"),
      tunnelState(end),
      amount(link.number("clients") ?? 0),
      amount(end.number("clients")),
      ...traffic(end, earlier.get(name)?.end, before?.agoMs),
      span(end.text("server") || link.text("address")),
    ];
  });
  return {
    title: "Tunnels",
    table: {
      columns: [
        { title: "tunnel", min: 8 },
        { title: "state" },
        { title: "open", align: "right" },
        { title: "clients", align: "right", spare: 5 },
        ...TRAFFIC,
        { title: "peer", min: ADDRESS, spare: 4 },
      ],
      rows,
    },
  };
}

/** Both kinds of ends: tunnel servers, each device of theirs, and this machine as a device. */
function tunnelEnds(status: Fields | undefined): { readonly name: string; readonly end: Fields }[] {
  if (status === undefined) return [];
  const servers = status.list("tunnels").flatMap((tunnel) => {
    const slots = tunnel.list("devices");
    if (slots.length === 0) return [{ name: nameOf(tunnel), end: tunnel }];
    return slots.map((slot) => ({ name: `${nameOf(tunnel)} ${slot.text("device")}`, end: slot }));
  });
  return [...servers, ...status.list("devices").map((end) => ({ name: end.text("name") || "to server", end }))];
}

function tunnelState(end: Fields): Span {
  const absentMs = end.number("absentMs");
  if (absentMs !== undefined) return span(`absent ${shortTime(absentMs)}`, "yellow");
  return end.child("link").isTrue("resuming") ? span("resuming", "yellow") : span("linked", "green");
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
    const notify = connection.child("notify");
    const failed = notify.number("failed") ?? 0;
    return [
      span(connection.text("id"), "gray"),
      span(connection.text("client"), "bold"),
      connection.has("remote") ? span(connection.text("remote")) : span(connection.text("listener"), "gray"),
      phaseOf(connection),
      span(shortTime(connection.number("ageMs") ?? Number.NaN)),
      ...traffic(connection, earlier.get(connection.text("id")), before?.agoMs),
      span(idleTime(connection)),
      span(line === undefined ? connection.text("listener") : "", "gray"),
      span(notify.text("target"), failed > 0 ? "yellow" : undefined),
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

/** The cells of {@link TRAFFIC}. */
function traffic(end: Fields | undefined, before: Fields | undefined, agoMs: number | undefined): Span[] {
  const [received, sent] = [end?.number("received") ?? 0, end?.number("sent") ?? 0];
  return [
    rate(received, before?.number("received"), agoMs),
    rate(sent, before?.number("sent"), agoMs),
    amount(received),
    amount(sent),
  ];
}

/** How much a second; empty without a reading before. */
function rate(now: number | undefined, before: number | undefined, agoMs: number | undefined): Span {
  if (now === undefined || before === undefined || agoMs === undefined || agoMs <= 0) return span("");
  return amount((Math.max(0, now - before) * 1000) / agoMs);
}

function amount(value: number | undefined, style?: (value: number) => Style | undefined): Span {
  if (value === undefined) return span("");
  return span(shortNumber(value), value === 0 ? "gray" : style?.(value));
}

/** A configuration line as people know it: the name of its section, or its port. */
function nameOf(line: Fields): string {
  return line.text("name") || line.text("port");
}

function byKey<T>(values: readonly T[] = [], key: (value: T) => string): Map<string, T> {
  return new Map(values.map((value) => [key(value), value]));
}
