import type { DirectStatus } from "../direct/direct-status.js";
import { lineKey } from "../health/problems.js";
import type { MuxStatus } from "../mux/mux-status.js";
import type { DaemonReport } from "../status/daemon-status.js";
import { type Gathering, gatherEach } from "../status/gathering.js";
import type { DeviceStatus, TunnelStatus } from "../tunnel/tunnel-status.js";
import { topicLevel } from "./mqtt-topic.js";

/** What the status of lines is made of. */
export type LineFacts = Pick<DaemonReport, "directs" | "muxes" | "tunnels" | "devices" | "listeners" | "lines">;

/** The counters of a line. All but `clients` only grow, until the daemon starts anew. */
export type LineCounters = Readonly<Record<string, number>>;

/** One line, or this machine as a device, as it is published (docs/mqtt.md). */
export interface LineStatus {
  /** The topic below the prefix. */
  readonly topic: string;
  readonly kind: "direct" | "mux" | "tunnel" | "device";
  /** The name of its section; undefined: it has none. */
  readonly name: string | undefined;
  /** Whether its server or device can be reached, as far as is known. */
  readonly connected: boolean;
  readonly reason: string | undefined;
  readonly counters: LineCounters;
}

/** The status of all lines. A name that lines of two kinds have is that of the first one; the others have their kind in front of it. */
export function* lineStatuses(facts: LineFacts): Gathering<LineStatus[]> {
  const traffic = { listeners: listenersByLine(facts), lines: facts.lines };
  const all = [
    ...(yield* gatherEach(facts.directs, (line) => ofDirect(line, traffic))),
    ...(yield* gatherEach(facts.muxes, (line) => ofMux(line, traffic))),
    ...(yield* gatherEach(facts.tunnels, ofTunnel)),
    ...(yield* gatherEach(facts.devices, ofDevice)),
  ];
  const taken = new Set<string>();
  return yield* gatherEach(all, ({ key, ...line }) => {
    const level = topicLevel(key);
    const own = taken.has(level) ? `${line.kind}_${level}` : level;
    taken.add(own);
    return { ...line, topic: `line/${own}/status` };
  });
}

/** The status as JSON. */
export function lineStatusJson({ kind, name, connected, reason, counters }: LineStatus): string {
  return JSON.stringify({
    kind,
    ...(name !== undefined && { name }),
    connected,
    ...(reason !== undefined && { reason }),
    ...counters,
  });
}

/** What does not change with every byte: when this changes, the status is published at once. */
export function lineState({ connected, reason, counters }: LineStatus): string {
  return `${connected} ${reason} ${counters["clients"] ?? 0}`;
}

/** What clients have carried: the names of the listeners of each line, by its kind and name or port, and what each of them has. */
interface Traffic extends Pick<LineFacts, "lines"> {
  readonly listeners: ReadonlyMap<string, readonly string[]>;
}

function listenersByLine({ listeners }: LineFacts): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const { kind, section, port, name } of listeners) {
    const line = lineId(kind, section, port);
    const known = all.get(line);
    if (known === undefined) all.set(line, [name]);
    else known.push(name);
  }
  return all;
}

/** A line without a name is another one than one whose name is that port. */
function lineId(kind: string, name: string | undefined, port: number): string {
  return name === undefined ? `${kind} port ${port}` : `${kind} name ${name}`;
}

type Keyed = Omit<LineStatus, "topic"> & { readonly key: string };

function ofDirect(line: DirectStatus, traffic: Traffic): Keyed {
  const { name, servers, standing } = line;
  const up = servers.some(({ state }) => state === "up");
  const [first] = servers;
  return {
    key: lineKey(line),
    kind: "direct",
    name,
    connected: standing?.connected ?? up,
    reason: standing === undefined ? (up ? undefined : first?.reason) : standing.reason,
    counters: {
      clients: Math.max(
        0,
        servers.reduce((sum, { active }) => sum + active, standing?.connected || standing?.dialing ? -1 : 0),
      ),
      ...trafficOf("direct", line, traffic, standing),
    },
  };
}

function ofMux(line: MuxStatus, traffic: Traffic): Keyed {
  const { name, down, reason, clientCount, requests, answers, unanswered } = line;
  return {
    key: lineKey(line),
    kind: "mux",
    name,
    connected: !down,
    reason: down ? reason : undefined,
    counters: { clients: clientCount, ...trafficOf("mux", line, traffic), requests, answers, unanswered },
  };
}

function ofTunnel(line: TunnelStatus): Keyed {
  const { name, link, devices, clients: served, received, sent, links } = line;
  const open = devices === undefined ? [link] : devices.map((device) => device.link);
  const away = (devices ?? [line]).find(({ absentMs }) => absentMs !== undefined);
  const here = open.filter((one) => one !== undefined);
  return {
    key: lineKey(line),
    kind: "tunnel",
    name,
    connected: here.length > 0,
    reason: here.length > 0 ? undefined : away?.reason,
    counters: {
      clients: here.reduce((sum, { clients }) => sum + clients, 0),
      ...{ connections: served, received, sent, links, devices: here.length },
    },
  };
}

function ofDevice({
  name,
  server,
  connected,
  reason,
  link,
  clients: served,
  received,
  sent,
  links,
}: DeviceStatus): Keyed {
  return {
    key: name ?? server,
    kind: "device",
    name,
    connected,
    reason,
    counters: { clients: link?.clients ?? 0, connections: served, received, sent, links },
  };
}

/** The connections and bytes of all listeners of a line, and those of its connection without a client. */
function trafficOf(
  kind: string,
  { port, name }: { readonly port: number; readonly name?: string },
  { listeners, lines }: Traffic,
  standing = { received: 0, sent: 0 },
): { connections: number; received: number; sent: number } {
  const own = listeners.get(lineId(kind, name, port)) ?? [];
  const parts = own.map((listener) => lines[listener] ?? { connections: 0, received: 0, sent: 0 });
  return {
    connections: parts.reduce((sum, part) => sum + part.connections, 0),
    received: parts.reduce((sum, { received }) => sum + received, standing.received),
    sent: parts.reduce((sum, { sent }) => sum + sent, standing.sent),
  };
}
