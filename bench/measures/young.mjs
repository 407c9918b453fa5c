import { startProxy } from "../proxies.mjs";
import { connections } from "./connections.mjs";

/** @type {import("../rounds.mjs").Row[]} */
export const YOUNG_ROWS = [{ key: "youngCpu", label: "  in its first second: CPU µs per connection" }];

/**
 * The connections of a proxy that has just started: V8 compiles meanwhile what runs often.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../proxies.mjs").Kind} kind
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @returns {Promise<{ values: Record<string, number>, others: number | undefined }>} see {@link import("../rounds.mjs").Measure}
 */
export async function measureYoung(load, kind, cores) {
  const proxy = await startProxy(kind, [load.ports.bulk, ...load.ports.echo], cores);
  try {
    const { values, others } = await connections.run(load, proxy, 1);
    return { values: { youngCpu: values.connectionCpu }, others };
  } finally {
    await proxy.stop();
  }
}
