import { metered } from "../meter.mjs";
import { sockproxyd, startProxy } from "../proxies.mjs";

const CONNECTIONS = 8;
const TELEGRAM = "<S0020044964F27D00AAFN>";

/** @type {import("../rounds.mjs").Row[]} */
export const MONITOR_ROWS = [
  { key: "telegram", label: `telegrams, ${CONNECTIONS} connections: round trips/s` },
  { key: "telegramCpu", label: "  CPU µs per telegram" },
  { key: "monitored", label: "telegrams with MONI=conbus: round trips/s" },
  { key: "monitoredCpu", label: "  CPU µs per telegram" },
  { key: "monitoredTimes", label: "  × without" },
];

/**
 * Starts sockproxyd with two ports to the same backend, one of them monitored. All rounds use this process.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @returns {Promise<import("../proxies.mjs").Proxy>}
 */
export function startMonitored(load, cores) {
  const [backend] = load.ports.echo;
  return startProxy(sockproxyd, [backend, backend], cores, { options: ["", "MONI=conbus"] });
}

/**
 * Round trips of Conbus telegrams through sockproxyd, without and with the monitor, its output included.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../proxies.mjs").Proxy} proxy as {@link startMonitored} starts it
 * @param {number} seconds how long, for each
 * @returns {Promise<{ values: Record<string, number>, others: number | undefined }>} as a {@link import("../rounds.mjs").Measure}
 *   returns it
 */
export async function measureMonitor(load, proxy, seconds) {
  const results = [];
  for (const port of proxy.fronts) {
    const args = { port, connections: CONNECTIONS, seconds, message: TELEGRAM };
    const result = await metered(proxy, () => load.call("round_trips", args, seconds + 30));
    results.push({ ...result, cpu: (result.proxyCpu * 1e6) / (2 * result.count) });
  }
  const [plain, monitored] = results;
  return {
    values: {
      telegram: plain.count / plain.seconds,
      telegramCpu: plain.cpu,
      monitored: monitored.count / monitored.seconds,
      monitoredCpu: monitored.cpu,
      monitoredTimes: monitored.cpu / plain.cpu,
    },
    others: Math.max(plain.others ?? 0, monitored.others ?? 0),
  };
}
