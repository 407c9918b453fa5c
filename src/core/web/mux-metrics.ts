import { connectedLinks, MUX_COUNTERS, type MuxCounters, type MuxStatus } from "../mux/mux-status.js";
import { lineLabels, type Metric } from "./exposition.js";

/** The state of a mux now. */
const GAUGES: Readonly<Record<string, readonly [help: string, value: (mux: MuxStatus) => number]>> = {
  clients: ["Clients that share the device.", ({ clientCount }) => clientCount],
  waiting: ["Requests that wait for their turn.", ({ waiting }) => waiting],
  outstanding: ["Requests that wait for their answer.", ({ outstanding }) => outstanding],
  links: ["Connections to the device.", connectedLinks],
  down: ["1 while the device cannot be reached and the next attempt is not due yet.", ({ down }) => Number(down)],
};

/** The metrics of shared devices. Labels: port, name where the line has one, and target. */
export function muxMetrics(muxes: readonly MuxStatus[]): Metric[] {
  const samples = (value: (mux: MuxStatus) => number) =>
    muxes.map((mux) => ({ labels: { ...lineLabels(mux), target: mux.target }, value: value(mux) }));
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

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
