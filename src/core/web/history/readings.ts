import type { MuxStatus } from "../../mux/mux-status.js";
import type { DaemonReport, NotificationsStatus } from "../../status/daemon-status.js";
import { addBytes, type DeviceStatus, type LinkBytes, type TunnelStatus } from "../../tunnel/tunnel-status.js";
import type { Quantity, Reading } from "./quantity.js";

/** What is read of the daemon's status. */
export type ReadStatus = Pick<
  DaemonReport,
  "listeners" | "directs" | "traffic" | "lines" | "muxes" | "tunnels" | "devices" | "notifications" | "connections"
>;

const NO_BYTES: LinkBytes = { received: 0, sent: 0 };

/** The quantities whose last hour is kept (docs/web-and-metrics.md, "The last hour"), in the order of the page. */
export function* readingsOf(status: ReadStatus): Generator<Reading> {
  const { traffic, directs, muxes, tunnels, devices, notifications, connections } = status;
  let present = 0;
  for (const { phase } of connections) if (phase !== "closing") present += 1;
  yield* bytes("daemon", "", traffic);
  yield { of: "daemon", id: "", what: "connections", unit: "", kind: "level", value: present };
  yield* notificationReadings(notifications);
  yield* lineReadings(status);
  for (const { port, standing } of directs)
    if (standing !== undefined) yield* bytes("standing", String(port), standing);
  for (const mux of muxes) yield* muxReadings(mux);
  for (const tunnel of tunnels) yield* tunnelReadings(tunnel);
  for (const [server, sum] of byServer(devices)) yield* bytes("device", server, sum);
}

function bytes(of: string, id: string, { received, sent }: LinkBytes): Reading[] {
  return [
    { of, id, what: "received", unit: "B/s", ...rate(received) },
    { of, id, what: "sent", unit: "B/s", ...rate(sent) },
  ];
}

/** Also of a listener that has had no connection yet, and of one that a reload has removed while it has some. */
function* lineReadings({ listeners, lines }: ReadStatus): Generator<Reading> {
  const names = listeners.filter(({ kind }) => kind !== "web").map(({ name }) => name);
  const all = new Set([...names, ...Object.keys(lines)]);
  for (const name of all) yield* bytes("line", name, lines[name] ?? NO_BYTES);
}

function notificationReadings({ sent, failed, waiting, delay, answer }: NotificationsStatus): Reading[] {
  const name = { of: "notifications", id: "" };
  return [
    { ...name, what: "sent", unit: "1/s", ...rate(sent) },
    { ...name, what: "failed", unit: "1/s", ...rate(failed) },
    { ...name, what: "delay", unit: "ms", ...mean(delay) },
    { ...name, what: "answer", unit: "ms", ...mean(answer) },
    { ...name, what: "waiting", unit: "", kind: "level", value: waiting },
  ];
}

function muxReadings({ port, requests, failed, responses }: MuxStatus): Reading[] {
  const name = { of: "mux", id: String(port) };
  return [
    { ...name, what: "requests", unit: "1/s", ...rate(requests) },
    { ...name, what: "failed", unit: "1/s", ...rate(failed) },
    { ...name, what: "response", unit: "ms", ...mean(responses) },
  ];
}

function tunnelReadings(line: TunnelStatus): Reading[] {
  if (line.devices === undefined) return bytes("tunnel", String(line.port), line);
  return line.devices.flatMap((slot) => bytes("tunnel", `${line.port}/${slot.device ?? ""}`, slot));
}

/** Links to one server are one series: TCPR can begin several. */
function byServer(devices: readonly DeviceStatus[]): Map<string, LinkBytes> {
  const sums = new Map<string, LinkBytes>();
  for (const { server, ...device } of devices) sums.set(server, addBytes(device, sums.get(server)));
  return sums;
}

function rate(total: number): Quantity {
  return { kind: "rate", total };
}

function mean({ sumMs, count }: { readonly sumMs: number; readonly count: number }): Quantity {
  return { kind: "mean", sum: sumMs, count };
}
