import { residentBytes } from "../cpu.mjs";
import { startProxy } from "../proxies.mjs";
import { pause } from "../wait.mjs";

const SETTLE_MS = 1000;
/** Pairs that come before the measure: with the first ones, a proxy gets the code and the memory that it keeps for all. */
const FIRST_PAIRS = 1000;

/** @type {import("../rounds.mjs").Row[]} */
export const MEMORY_ROWS = [
  { key: "pairMemory", label: "idle pair more: kB resident" },
  { key: "pairsMemory", label: "  MB resident with all of them" },
];

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
    const first = Math.min(FIRST_PAIRS, Math.floor(pairs / 4));
    await load.call("open_pairs", { ports: proxy.fronts, count: first }, 60);
    await pause(SETTLE_MS);
    const before = residentBytes(proxy.pid);
    await load.call("open_pairs", { ports: proxy.fronts, count: pairs }, 60);
    await pause(SETTLE_MS);
    const after = residentBytes(proxy.pid);
    return { pairMemory: (after - before) / (pairs - first) / 1000, pairsMemory: after / 1e6 };
  } finally {
    await load.call("close_pairs", {}, 30);
    await proxy.stop();
  }
}
