import { Tally } from "../collections/tally.js";
import { ADDRESS, amount, byKey, nameOf, type Readings, TRAFFIC, traffic } from "./cells.js";
import type { Fields } from "./fields.js";
import { shortTime } from "./quantities.js";
import { type Span, span } from "./screen.js";
import type { Table } from "./table.js";

/** Tunnels of both sides. */
export function tunnelTable({ now, before }: Readings): Table {
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
    columns: [
      { title: "tunnel", min: 8 },
      { title: "state" },
      { title: "open", align: "right" },
      { title: "clients", align: "right", spare: 5 },
      ...TRAFFIC,
      { title: "peer", min: ADDRESS, spare: 4 },
    ],
    rows,
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
  return [...servers, ...ownEnds(status.list("devices"))];
}

/** This machine as a device; where a section has several servers, each link by its server, too. */
function ownEnds(devices: readonly Fields[]): { readonly name: string; readonly end: Fields }[] {
  const names = new Tally<string>();
  const nameOf = (end: Fields): string => end.text("name") || "to server";
  for (const end of devices) names.add(nameOf(end));
  return devices.map((end) => {
    const name = nameOf(end);
    return { name: names.of(name) > 1 ? `${name} ${end.text("server")}` : name, end };
  });
}

function tunnelState(end: Fields): Span {
  const absentMs = end.number("absentMs");
  if (absentMs !== undefined) return span(`absent ${shortTime(absentMs)}`, "yellow");
  return end.child("link").isTrue("resuming") ? span("resuming", "yellow") : span("linked", "green");
}
