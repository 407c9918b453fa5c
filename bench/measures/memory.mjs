import { residentBytes } from "../cpu.mjs";
import { startProxy } from "../proxies.mjs";
import { pause } from "../wait.mjs";

const SETTLE_MS = 1000;

/** @type {import("../rounds.mjs").Row[]} */
export const MEMORY_ROWS = [{ key: "pairMemory", label: "idle pair: kB resident" }];

/**
 * The memory of a pair of connections that has passed one message each way and is idle: the growth of the resident memory divided by the
 * number of pairs. The measure starts a fresh proxy, which reuses no garbage of earlier measures. A kB is 1000 bytes.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../proxies.mjs").Kind} kind
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @param {number} pairs
 * @returns {Promise<Record<string, number>>} by the keys of the rows
 */
export async function measureMemory(load, kind, cores, pairs) {
  const proxy = await startProxy(kind, load.ports.echo, cores);
  try {
    await pause(SETTLE_MS);
    const before = residentBytes(proxy.pid);
    await load.call("open_pairs", { ports: proxy.fronts, count: pairs }, 60);
    await pause(SETTLE_MS);
    const after = residentBytes(proxy.pid);
    return { pairMemory: (after - before) / pairs / 1000 };
  } finally {
    await load.call("close_pairs", {}, 30);
    await proxy.stop();
  }
}
