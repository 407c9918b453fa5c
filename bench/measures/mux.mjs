import { metered } from "../meter.mjs";
import { sockproxyd, startProxy } from "../proxies.mjs";

const FAST_COUNTS = [1, 8, 32]; // of clients
const SLOW_COUNT = 8;

/**
 * @typedef {object} Line a `[mux]` line of the configuration
 * @property {string} key the start of the keys of its rows
 * @property {string} device the name of its device in the load process
 * @property {string} options
 * @property {boolean} [shared] whether all clients read the same few registers
 * @property {boolean} [idle] whether the proxy has too little work to measure: the kernel counts CPU time in hundredths of a second
 */

/** @type {Line} */
const FAST = { key: "mux", device: "fast", options: "" };

/**
 * Lines whose device takes 10 ms for a request; the table compares the others with the first.
 *
 * @type {Line[]}
 */
const SLOW = [
  { key: "muxPool1", device: "slow", options: "POOL=1", idle: true },
  { key: "muxPool4", device: "slow", options: "POOL=4" },
  { key: "muxPipe4", device: "slowBeside", options: "PIPE=4" },
  { key: "muxCache", device: "slow", options: "CACH=100", shared: true },
];
const LINES = [FAST, ...SLOW];

/** @type {import("../rounds.mjs").Row[]} */
export const MUX_ROWS = [
  ...FAST_COUNTS.flatMap((count) => [
    { key: `mux${count}`, label: `mux, ${count} client${count === 1 ? "" : "s"}: requests/s` },
    { key: `mux${count}Cpu`, label: "  CPU µs per request" },
    { key: `mux${count}P50`, label: "  p50, ms" },
    ...(count === 1 ? [{ key: "muxOverDirect", label: "  p50 over that of direct connections, ms" }] : []),
    { key: `mux${count}P99`, label: "  p99, ms" },
    { key: `mux${count}Busy`, label: "  proxy's core busy, %" },
  ]),
  ...SLOW.flatMap(({ key, options, idle }, index) => [
    { key, label: `mux, ${SLOW_COUNT} clients, 10 ms, ${options}: requests/s` },
    ...(index === 0 ? [] : [{ key: `${key}Times`, label: `  × ${SLOW[0].options}` }]),
    ...(idle ? [] : [{ key: `${key}Cpu`, label: "  CPU µs per request" }]),
    { key: `${key}P50`, label: "  p50, ms" },
    { key: `${key}P99`, label: "  p99, ms" },
  ]),
];

/**
 * Starts sockproxyd with a mux line for each way to share a device, and nothing else. All rounds use this process.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @returns {Promise<import("../proxies.mjs").Proxy>}
 */
export function startMux(load, cores) {
  const devices = LINES.map(({ device }) => load.ports.devices[device]);
  return startProxy(sockproxyd, devices, cores, { mux: LINES.map(({ options }) => `PROT=modbus ${options}`) });
}

/** Meters clients that read registers, each with one request in flight. */
function poll(load, proxy, port, clients, seconds, shared = false) {
  const args = { port, clients, seconds, shared };
  return metered(proxy, () => load.call("polls", args, seconds + 30));
}

/** Meters clients of a mux line. */
function pollLine(load, proxy, line, clients, seconds) {
  return poll(load, proxy, proxy.fronts[LINES.indexOf(line)], clients, seconds, line.shared);
}

/** The values of a measurement, by the keys of the rows. */
function valuesOf(key, { count, seconds, p50, p99, proxyCpu, busyPercent }) {
  return {
    [key]: count / seconds,
    [`${key}Cpu`]: (proxyCpu * 1e6) / count,
    [`${key}P50`]: p50,
    [`${key}P99`]: p99,
    [`${key}Busy`]: busyPercent,
  };
}

/** The greater share of the cores that other processes took during one of two compared measurements. */
function othersOf(a, b) {
  return Math.max(a.others ?? 0, b.others ?? 0);
}

/**
 * Many Modbus clients that share one device through sockproxyd: a device that answers at once, over one link; and a slow device, shared in
 * several ways.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../proxies.mjs").Proxy} proxy as {@link startMux} starts it
 * @param {number} seconds how long, for each
 * @returns {AsyncGenerator<{ values: Record<string, number>, others: number | undefined }>} one measurement after the other, as
 *   a {@link import("../rounds.mjs").Measure} returns it
 */
export async function* measureMux(load, proxy, seconds) {
  const direct = await poll(load, proxy, load.ports.devices[FAST.device], 1, seconds);
  for (const count of FAST_COUNTS) {
    const result = await pollLine(load, proxy, FAST, count, seconds);
    yield { values: valuesOf(`mux${count}`, result), others: result.others };
    if (count > 1) continue;
    yield { values: { muxOverDirect: result.p50 - direct.p50 }, others: othersOf(result, direct) };
  }
  let first;
  for (const line of SLOW) {
    const result = await pollLine(load, proxy, line, SLOW_COUNT, seconds);
    const values = valuesOf(line.key, result);
    first ??= { rate: values[line.key], others: result.others };
    values[`${line.key}Times`] = values[line.key] / first.rate;
    yield { values, others: othersOf(result, first) };
  }
}
