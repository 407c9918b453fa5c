import { muxLines } from "../mux/mux-report.js";
import { troubleLines } from "../notify/failed-requests.js";
import { printable, printableJson } from "../parse/text.js";
import { deviceLine, tunnelLines } from "../tunnel/tunnel-status.js";
import { webhookLines } from "../webhook/webhook-status.js";
import type { ConnectionReport, ConnectionStatus, DaemonReport, DaemonStatus } from "./daemon-status.js";

const HEADING = " ID               St Client           Remote              #recv   #xmit Notify";

/** One row in the columns of docs/protocol.md; a long value widens its row. */
function row(connection: ConnectionStatus, marker: "*" | " "): string {
  const echo = connection.phase === "echo" || connection.phase === "parked";
  return [
    marker + connection.id.padEnd(16),
    (echo ? "2" : "1").padEnd(2),
    connection.client.padEnd(16),
    (connection.remote ?? "").padEnd(17),
    String(connection.received).padStart(7),
    String(connection.sent).padStart(7),
    connection.notify?.target ?? "",
  ]
    .join(" ")
    .trimEnd();
}

/**
 * The reply to STAT in pieces, in the layout of docs/protocol.md. Connections that only wait for the client to close are left out.
 * Shared devices follow with their clients, and tunnels with a line each, and one for each of several devices; and notifications that are
 * not taken.
 *
 * @param askingId the identifier of the connection that asks: its row begins with `*`
 */
export function* statusTable(report: DaemonReport, askingId: string): Generator<string> {
  yield HEADING;
  for (const connection of report.connections) {
    if (connection.phase === "closing") continue;
    yield `\n${printable(row(connection.status, connection.id === askingId ? "*" : " "))}`;
  }
  for (const line of otherLines(report)) yield `\n${printable(line)}`;
}

function* otherLines({ muxes, tunnels, devices, notifications, webhooks = [] }: DaemonReport): Generator<string> {
  for (const mux of muxes) yield* muxLines(mux);
  for (const tunnel of tunnels) yield* tunnelLines(tunnel);
  for (const device of devices) yield deviceLine(device);
  yield* [...troubleLines(notifications), ...webhookLines(webhooks)];
}

/** The reply to STAT JSON in pieces: a {@link DaemonStatus} in one line. */
export function* statusJson({ connections, ...daemon }: DaemonReport): Generator<string> {
  const members = { ...daemon, connections: statuses(connections) };
  let before = "{";
  for (const [name, member] of Object.entries(members)) {
    if (member === undefined) continue;
    yield `${before}${printableJson(name)}:`;
    if (typeof member === "object" && Symbol.iterator in member) yield* listJson(member as Iterable<unknown>);
    else yield printableJson(member);
    before = ",";
  }
  yield "}";
}

function* statuses(connections: Iterable<ConnectionReport>): Generator<ConnectionStatus> {
  for (const { status } of connections) yield status;
}

function* listJson(list: Iterable<unknown>): Generator<string> {
  let before = "[";
  for (const item of list) {
    yield before + printableJson(item);
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}
