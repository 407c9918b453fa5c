import type { ClientStatus } from "../mux/client-records.js";
import { connectedLinks, MUX_COUNTERS, type MuxCounters, type MuxStatus } from "../mux/mux-status.js";
import { lineLabels, type Metric } from "./exposition.js";

/** The state of a mux now. */
const GAUGES: Readonly<Record<string, readonly [help: string, value: (mux: MuxStatus) => number | undefined]>> = {
  clients: ["Clients that share the device.", ({ clientCount }) => clientCount],
  waiting: ["Requests that wait for their turn.", ({ waiting }) => waiting],
  outstanding: ["Requests that wait for their answer.", ({ outstanding }) => outstanding],
  open: ["Requests that wait for their turn, or for their own answer.", ({ open }) => open],
  links: ["Connections to the device.", connectedLinks],
  down: ["1 while the device cannot be reached and the next attempt is not due yet.", ({ down }) => Number(down)],
  load_ratio: ["Share of the last minute in which a request was outstanding, over all links.", ({ load }) => load],
  response_p50_seconds: [
    "Half of the answers of the last minutes took so long at most.",
    ({ response }) => seconds(response?.p50Ms),
  ],
  response_p99_seconds: [
    "99 % of the answers of the last minutes took so long at most.",
    ({ response }) => seconds(response?.p99Ms),
  ],
};

/** What a client has asked, as sums over all clients of its address. */
const OF_CLIENTS: Readonly<Record<string, readonly [help: string, value: (client: ClientStatus) => number]>> = {
  requests_total: ["Requests of a client.", ({ requests }) => requests],
  answers_total: ["Requests of a client that the device answered.", ({ answers }) => answers],
  cache_hits_total: ["Reads of a client answered from the cache.", ({ cacheHits }) => cacheHits],
  failed_total: ["Requests of a client that failed, for whatever reason.", ({ failed }) => failed],
  waited_seconds_total: ["Time that requests of a client waited for their turn.", ({ waitedMs }) => waitedMs / 1000],
  device_seconds_total: ["Time that the device had requests of a client.", ({ deviceMs }) => deviceMs / 1000],
};

const MAX_ADDRESSES = 50; // of a device; whoever may connect must not add series without end

/**
 * The metrics of shared devices. Labels: port, name where the line has one, and target. Some are by client, too: the label `client` is
 * an address, one of the {@link MAX_ADDRESSES} that asked most.
 */
export function muxMetrics(muxes: readonly MuxStatus[]): Metric[] {
  const samples = (read: (mux: MuxStatus) => number | undefined) =>
    muxes.flatMap((mux) => {
      const value = read(mux);
      return value === undefined ? [] : [{ labels: { ...lineLabels(mux), target: mux.target }, value }];
    });
  const gauges = Object.entries(GAUGES).map(([name, [help, value]]): Metric => {
    return { name: `sockproxyd_mux_${name}`, type: "gauge", help, samples: samples(value) };
  });
  const counters = (Object.keys(MUX_COUNTERS) as (keyof MuxCounters)[]).map((key): Metric => {
    const name = `sockproxyd_mux_${snakeCase(key)}_total`;
    return { name, type: "counter", help: MUX_COUNTERS[key], samples: samples((mux) => totalOf(mux, key)) };
  });
  return [...gauges, ...counters, ...clientMetrics(muxes)];
}

function clientMetrics(muxes: readonly MuxStatus[]): Metric[] {
  const all = muxes.flatMap((mux) =>
    byAddress(mux).map(([client, clients]) => ({
      labels: { ...lineLabels(mux), target: mux.target, client },
      clients,
    })),
  );
  return Object.entries(OF_CLIENTS).map(([name, [help, value]]) => ({
    name: `sockproxyd_mux_client_${name}`,
    type: "counter",
    help,
    samples: all.map(({ labels, clients }) => ({ labels, value: clients.reduce((sum, each) => sum + value(each), 0) })),
  }));
}

/** The clients by address: those addresses that asked most. */
function byAddress({ clients }: MuxStatus): [string, ClientStatus[]][] {
  const addresses = new Map<string, ClientStatus[]>();
  for (const client of clients) addresses.set(client.address, [...(addresses.get(client.address) ?? []), client]);
  const asked = (clients: readonly ClientStatus[]): number => clients.reduce((sum, { requests }) => sum + requests, 0);
  return [...addresses].sort(([, one], [, other]) => asked(other) - asked(one)).slice(0, MAX_ADDRESSES);
}

/** A counter never goes down: reads that wait for another one may still fail. */
function totalOf(mux: MuxStatus, key: keyof MuxCounters): number {
  return key === "joined" ? mux.joined - mux.joining : mux[key];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
