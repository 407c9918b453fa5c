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

/**
 * The metrics of shared devices. Labels: port, name where the line has one, and target. Clients have none: whoever may connect could
 * add labels without end; STAT JSON tells of them.
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
  return [...gauges, ...counters];
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
