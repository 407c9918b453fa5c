import { residentBytes, voluntarySwitches } from "../cpu.mjs";
import { startProxy } from "../proxies.mjs";
import { median } from "../statistics.mjs";
import { pause } from "../wait.mjs";

const STARTS = 5;
const SETTLE_MS = 2000; // V8 cleans up behind a start for about a second
const PER_SECONDS = 20;

/** @type {import("../rounds.mjs").Row[]} */
export const IDLE_ROWS = [
  { key: "start", label: "start to listening, ms" },
  { key: "resident", label: "  MB resident then" },
  { key: "switches", label: `  context switches in ${PER_SECONDS} idle seconds`, noRatio: true },
];

/**
 * A proxy that does nothing: how soon it listens, how much memory it takes then, and how often it wakes up: the voluntary context switches of
 * its main thread. The memory is in MB as `ps` and this page have it: 1000 kB of 1024 bytes.
 *
 * @param {import("../proxies.mjs").Kind[]} kinds all are measured at the same time
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @param {number} seconds how long they are watched
 * @returns {Promise<Map<string, Record<string, number>>>} by the names of the proxies, the values by the keys of the rows
 */
export async function measureIdle(kinds, cores, seconds) {
  const starts = new Map(kinds.map(({ name }) => [name, []]));
  for (let start = 1; start < STARTS; start += 1) {
    for (const kind of kinds) {
      const proxy = await startProxy(kind, [], cores);
      starts.get(kind.name).push(proxy.startMs);
      await proxy.stop();
    }
  }
  const proxies = [];
  try {
    for (const kind of kinds) proxies.push(await startProxy(kind, [], cores));
    await pause(SETTLE_MS);
    const before = proxies.map(({ pid }) => voluntarySwitches(pid));
    await pause(1000 * seconds);
    return new Map(
      proxies.map(({ kind, pid, startMs }, index) => [
        kind.name,
        {
          start: median([...starts.get(kind.name), startMs]),
          resident: residentBytes(pid) / 1_024_000,
          switches: ((voluntarySwitches(pid) - before[index]) * PER_SECONDS) / seconds,
        },
      ]),
    );
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}
