import type { MuxCounters, MuxStatus } from "../mux/mux-status.js";
import type { Metric } from "./exposition.js";

/** How often something has happened in a mux. */
const COUNTERS: Readonly<Record<keyof MuxCounters, readonly [name: string, help: string]>> = {
  requests: ["requests", "Messages of clients."],
  answers: ["answers", "Answers given to clients, those from the cache included."],
  timeouts: ["timeouts", "Requests without an answer in time."],
  linkLost: ["link_lost", "Requests whose link was lost before their answer."],
  noPath: ["no_path", "Requests that met no link."],
  queueFull: ["queue_full", "Requests refused because their client had too many waiting."],
  refused: ["refused", "Writes that RDON has kept from the device."],
  malformed: ["malformed", "Clients that have sent what is no message."],
  repeated: ["repeated", "Reads asked a second time, because their link was lost."],
  cacheHits: ["cache_hits", "Reads answered from the last answer."],
  joined: ["joined", "Reads that were answered together with an identical one."],
  strays: ["strays", "Messages of the device that nobody waited for."],
  events: ["events", "Messages of the device to everybody."],
};

/** How it is now. */
const GAUGES: Readonly<Record<string, readonly [help: string, value: (mux: MuxStatus) => number]>> = {
  clients: ["Clients that share the device.", ({ clients }) => clients],
  waiting: ["Requests that wait for their turn.", ({ waiting }) => waiting],
  outstanding: ["Requests that wait for their answer.", ({ outstanding }) => outstanding],
  links: ["Connections to the device.", ({ links }) => links.filter(({ state }) => state !== "connecting").length],
  down: ["1 while the device is not reached and another attempt is not due yet.", ({ down }) => Number(down)],
};

/** What is told of shared devices, each by its port and its address. */
export function muxMetrics(muxes: readonly MuxStatus[]): Metric[] {
  const samples = (value: (mux: MuxStatus) => number) =>
    muxes.map((mux) => ({ labels: { port: String(mux.port), target: mux.target }, value: value(mux) }));
  const gauges = Object.entries(GAUGES).map(([name, [help, value]]): Metric => {
    return { name: `sockproxyd_mux_${name}`, type: "gauge", help, samples: samples(value) };
  });
  const counters = (Object.keys(COUNTERS) as (keyof MuxCounters)[]).map((key): Metric => {
    const [name, help] = COUNTERS[key];
    return { name: `sockproxyd_mux_${name}_total`, type: "counter", help, samples: samples((mux) => mux[key]) };
  });
  return [...gauges, ...counters];
}
