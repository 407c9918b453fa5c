import { startProxy } from "../proxies.mjs";
import { connections } from "./connections.mjs";

const WARM_UP_SECONDS = 4; // 15,000 connections and more: V8 has compiled what runs often

/** @type {import("../rounds.mjs").Row[]} */
export const AGE_ROWS = [
  { key: "youngCpu", label: "  in its first second: CPU µs per connection" },
  { key: "warmCpu", label: "  after five seconds of that: CPU µs per connection" },
];

/**
 * The connections of a proxy that has just started, and those of the same proxy after some seconds of them, when nothing else has passed.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../proxies.mjs").Kind} kind
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @param {number} seconds time of the second measure
 * @returns {AsyncGenerator<{ values: Record<string, number>, others: number | undefined }>} see {@link import("../rounds.mjs").Measure}
 */
export async function* measureAges(load, kind, cores, seconds) {
  const proxy = await startProxy(kind, [load.ports.bulk, ...load.ports.echo], cores);
  try {
    const young = await connections.run(load, proxy, 1);
    yield { values: { youngCpu: young.values.connectionCpu }, others: young.others };
    await connections.run(load, proxy, WARM_UP_SECONDS);
    const warm = await connections.run(load, proxy, seconds);
    yield { values: { warmCpu: warm.values.connectionCpu }, others: warm.others };
  } finally {
    await proxy.stop();
  }
}
