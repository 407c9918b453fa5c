import { lineLabel } from "../net/client-origin.js";

/** Bytes over one link or several, headers of frames included. */
export interface LinkBytes {
  readonly received: number;
  readonly sent: number;
}

/** Adds the bytes of the link that is open, if there is one, to those of closed links. */
export function addBytes(past: LinkBytes, link: LinkBytes | undefined): LinkBytes {
  return { received: past.received + (link?.received ?? 0), sent: past.sent + (link?.sent ?? 0) };
}

/** An open link in STAT JSON. */
export interface TunnelLinkStatus extends LinkBytes {
  /** Of the peer: `host:port` */
  readonly address: string;
  readonly ageMs: number;
  readonly clients: number;
  /** Its connection is lost, and it waits for the device to come back. */
  readonly resuming?: true;
}

/** This machine as the device of a server, in STAT JSON. */
export interface DeviceStatus extends LinkBytes {
  /** The name of its section; left out: it has none. */
  readonly name?: string;
  /** `host:port` */
  readonly server: string;
  /** Services that its clients may reach, as `allow` has them. */
  readonly services: string;
  readonly connected: boolean;
  readonly link?: TunnelLinkStatus;
  /** Why there is no link, while the device waits to try again. */
  readonly problem?: string;
  /** For how long there has been no link, in milliseconds, and why, as far as that is known; both are left out while there is one. */
  readonly absentMs?: number;
  readonly reason?: string;
  /** Links so far. */
  readonly links: number;
  /** Clients so far, with those whose service could not be reached. */
  readonly clients: number;
  /** Connections that have taken the place of a lost one. */
  readonly resumed: number;
  /** Clients whose service is not allowed. */
  readonly refused: number;
}

/** A line of `[tunnel]` in STAT JSON. */
export interface TunnelStatus extends LinkBytes, OfDevice {
  readonly port: number;
  /** The name of its section; left out: it has none. */
  readonly name?: string;
  /** Each `host:port>service:port`. */
  readonly exposed: readonly string[];
  /** Whether a device is connected and has sent LISTEN. */
  readonly listening: boolean;
  /** Links so far. */
  readonly links: number;
  /** Clients so far. */
  readonly clients: number;
  /** Clients that found no device, or no free number. */
  readonly refused: number;
  /** Clients closed because they did not read. */
  readonly stalled: number;
  /** Links that another link of the same device, or of another one, has replaced. */
  readonly replaced: number;
  /** Connections that have taken the place of a lost one. */
  readonly resumed: number;
  /** Devices that were not let in. */
  readonly turnedAway: number;
  /** Each device of a line that has `device`. */
  readonly devices?: readonly SlotStatus[];
}

/** What is counted for each device; the numbers of a line are their sums. */
const SUMMED = ["received", "sent", "links", "clients", "refused", "stalled", "replaced", "resumed"] as const;
type Sums = Pick<TunnelStatus, (typeof SUMMED)[number]>;

/** An exposed port that cannot be opened. */
export interface BlockedPort {
  /** As connections show it in `listener`. */
  readonly name: string;
  /** Why it cannot be opened, and for how long that has been so, in milliseconds. */
  readonly problem?: string;
  readonly problemMs?: number;
}

/** What a line for one device says, and each device of a line with several. */
interface OfDevice {
  readonly link?: TunnelLinkStatus;
  /** For how long the device has not been there, in milliseconds, and why; both are left out while it is. */
  readonly absentMs?: number;
  readonly reason?: string;
  /** Exposed ports that cannot be opened; left out: there are none. */
  readonly blocked?: readonly BlockedPort[];
}

/** One device of a line of `[tunnel]`. */
export interface SlotStatus extends Sums, OfDevice, Pick<TunnelStatus, "exposed" | "listening"> {
  /** Its name; left out: the line is for one device. */
  readonly device?: string;
}

/** The status of a line, made of that of its devices. */
export function tunnelStatus(
  { port, name }: { readonly port: number; readonly name?: string },
  slots: readonly SlotStatus[],
  turnedAway: number,
): TunnelStatus {
  const sums = SUMMED.map((key) => [key, slots.reduce((total, slot) => total + slot[key], 0)]);
  const [first] = slots;
  return {
    port,
    ...(name !== undefined && { name }),
    exposed: slots.flatMap(({ exposed }) => exposed),
    listening: slots.some(({ listening }) => listening),
    ...(first !== undefined && first.device === undefined && ofOnly(first)),
    ...(Object.fromEntries(sums) as Sums),
    turnedAway,
    ...(first?.device !== undefined && { devices: slots }),
  };
}

/** What only a line for one device can say of it. */
function ofOnly({ link, absentMs, reason, blocked }: SlotStatus): OfDevice {
  return {
    ...(link && { link }),
    ...(absentMs !== undefined && { absentMs }),
    ...(reason !== undefined && { reason }),
    ...(blocked && { blocked }),
  };
}

/** The lines of STAT for a line of `[tunnel]`: one, and one more for each of several devices. */
export function tunnelLines(tunnel: TunnelStatus): string[] {
  const { devices = [], turnedAway } = tunnel;
  const label = lineLabel(tunnel);
  const there = devices.filter(({ link }) => link !== undefined);
  const clients = there.reduce((sum, { link }) => sum + (link?.clients ?? 0), 0);
  const now =
    devices.length === 0 ? linkText(tunnel) : `${there.length} of ${devices.length} devices, ${clients} clients`;
  return [
    ` tunnel ${label} ${tunnel.exposed.join(" ")}: ${now}; ${countsOf(tunnel)}, ${turnedAway} devices turned away, ${bytesOf(tunnel)}`,
    ...devices.map(
      (slot) =>
        ` tunnel ${label} device ${slot.device} ${slot.exposed.join(" ")}: ${linkText(slot)}; ${countsOf(slot)}, ${bytesOf(slot)}`,
    ),
  ];
}

function linkText({ link, listening }: Pick<TunnelStatus, "link" | "listening">): string {
  if (link === undefined) return "no device, 0 clients";
  return `device ${link.address}${stateOf(link, listening)} for ${ageOf(link)}, ${link.clients} clients`;
}

function countsOf({ clients, refused, stalled }: Pick<TunnelStatus, "clients" | "refused" | "stalled">): string {
  return `${clients} clients so far, ${refused} refused, ${stalled} stalled`;
}

/** The line of STAT for a device. */
export function deviceLine(device: DeviceStatus): string {
  const { name, server, services, link, problem, links, clients, refused } = device;
  return [
    ` device ${name === undefined ? "" : `${name} `}of ${server} for ${services || "nothing"}:`,
    `${stateOfDevice(link, problem)}, ${link?.clients ?? 0} clients;`,
    `${links} links and ${clients} clients so far, ${refused} refused,`,
    bytesOf(device),
  ].join(" ");
}

function stateOf({ resuming }: TunnelLinkStatus, listening: boolean): string {
  if (resuming) return " (waiting to resume)";
  return listening ? "" : " (not ready)";
}

/** The words of the log for a link that has lost its connection and waits for another. */
export function cutText(reason: string, clients: number, resumeMs: number): string {
  const who = clients === 1 ? "1 client waits up to" : `${clients} clients wait up to`;
  return `link lost: ${reason}; ${who} ${seconds(resumeMs)}`;
}

/** The words of the log for a link that goes on over another connection. */
export function resumedText(afterMs: number, clients: number): string {
  const who = clients === 1 ? "1 client goes on" : `${clients} clients go on`;
  return `link resumed after ${seconds(afterMs)}, ${who}`;
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

function stateOfDevice(link: TunnelLinkStatus | undefined, problem: string | undefined): string {
  if (link === undefined) return problem === undefined ? "not connected" : `not connected (${problem})`;
  return `${link.resuming ? "waiting to resume" : "connected"} for ${ageOf(link)}`;
}

function bytesOf({ received, sent }: LinkBytes): string {
  return `${received} bytes received, ${sent} sent`;
}

function ageOf({ ageMs }: TunnelLinkStatus): string {
  return `${Math.floor(ageMs / 1000)} s`;
}
