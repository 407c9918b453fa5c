import type { DeviceStatus, LinkBytes, TunnelLinkStatus, TunnelStatus } from "../tunnel/tunnel-status.js";
import { lineLabels, type Metric, type Sample, samplesOf } from "./exposition.js";

/** The counters that both sides of a tunnel have. */
interface Side extends LinkBytes {
  readonly link?: TunnelLinkStatus;
  readonly links: number;
  readonly clients: number;
  readonly refused: number;
  readonly resumed: number;
}

type Row = readonly [type: Metric["type"], name: string, help: string, value: (side: Side) => number];

const ROWS: readonly Row[] = [
  ["gauge", "links_open", "Links that are open now.", ({ link }) => Number(link !== undefined)],
  ["gauge", "clients_open", "Clients of the links that are open now.", ({ link }) => link?.clients ?? 0],
  ["counter", "links_total", "Links so far.", ({ links }) => links],
  ["counter", "clients_total", "Clients accepted.", ({ clients }) => clients],
  ["counter", "refused_total", "Clients refused.", ({ refused }) => refused],
  ["counter", "resumed_total", "Connections that have taken the place of a lost one.", ({ resumed }) => resumed],
  ["counter", "received_bytes_total", "Bytes received over links.", ({ received }) => received],
  ["counter", "sent_bytes_total", "Bytes sent over links.", ({ sent }) => sent],
];

interface Labelled extends Side {
  readonly labels: Readonly<Record<string, string>>;
}

/** A line of `[tunnel]`, or one of its devices. */
interface Place extends Labelled {
  readonly stalled: number;
  readonly replaced: number;
}

/** A line for one device is one place; several devices are a place each. */
function placesOf(line: TunnelStatus): Place[] {
  const labels = lineLabels(line);
  if (line.devices === undefined) return [{ ...line, labels }];
  return line.devices.map((slot) => ({ ...slot, labels: { ...labels, device: slot.device ?? "" } }));
}

/**
 * The metrics of tunnels. Labels of lines of `[tunnel]`: port; device where a line has several; of devices: server; name where the section
 * has one.
 */
export function tunnelMetrics(tunnels: readonly TunnelStatus[], devices: readonly DeviceStatus[]): Metric[] {
  const places = tunnels.flatMap(placesOf);
  return [
    ...metricsOf("tunnel", places),
    {
      name: "sockproxyd_tunnel_stalled_total",
      type: "counter",
      help: "Clients closed because they did not read.",
      samples: samplesOf(places, ({ labels, stalled }) => ({ labels, value: stalled })),
    },
    {
      name: "sockproxyd_tunnel_replaced_total",
      type: "counter",
      help: "Links that another link has replaced.",
      samples: samplesOf(places, ({ labels, replaced }) => ({ labels, value: replaced })),
    },
    {
      name: "sockproxyd_tunnel_turned_away_total",
      type: "counter",
      help: "Devices that were not let in.",
      samples: samplesOf(tunnels, (line) => ({ labels: lineLabels(line), value: line.turnedAway })),
    },
    ...metricsOf("device", devices.map(labelled)).map((metric) => ({ ...metric, samples: summed(metric.samples) })),
  ];
}

function labelled(device: DeviceStatus): Labelled {
  const { server, name } = device;
  return { ...device, labels: { server, ...(name !== undefined && { name }) } };
}

function metricsOf(prefix: string, sides: readonly Labelled[]): Metric[] {
  return ROWS.map(([type, name, help, value]) => ({
    name: `sockproxyd_${prefix}_${name}`,
    type,
    help,
    samples: samplesOf(sides, (side) => ({ labels: side.labels, value: value(side) })),
  }));
}

/** Adds samples of the same labels: TCPR can start several devices of one server, and Prometheus takes no labels twice. */
function* summed(samples: Iterable<Sample>): Generator<Sample> {
  const sums = new Map<string, Sample>();
  for (const sample of samples) {
    const key = JSON.stringify(sample.labels);
    sums.set(key, { ...sample, value: sample.value + (sums.get(key)?.value ?? 0) });
  }
  yield* sums.values();
}
