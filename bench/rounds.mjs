import { AGE_ROWS, measureAges } from "./measures/ages.mjs";
import { bulk } from "./measures/bulk.mjs";
import { connections } from "./measures/connections.mjs";
import { IDLE_ROWS, measureIdle } from "./measures/idle.mjs";
import { MEMORY_ROWS, measureMemory } from "./measures/memory.mjs";
import { messages } from "./measures/messages.mjs";
import { MONITOR_ROWS, measureMonitor } from "./measures/monitor.mjs";
import { MUX_ROWS, measureMux } from "./measures/mux.mjs";
import { measureNotifications, NOTIFICATION_ROWS } from "./measures/notifications.mjs";
import { measureTunnel, TUNNEL_ROWS } from "./measures/tunnel.mjs";
import { Samples } from "./samples.mjs";

/**
 * @typedef {object} Row one line of the table
 * @property {string} key
 * @property {string} label the text of the row, with the unit
 * @property {boolean} [worst] the table shows the worst round in place of the median
 * @property {boolean} [noRatio] the table shows no ratio to HAProxy
 */

/**
 * @typedef {object} Measure a measurement of a running proxy
 * @property {Row[]} rows
 * @property {(load: import("./load.mjs").Load, proxy: import("./proxies.mjs").Proxy, seconds: number) =>
 *   Promise<{ values: Record<string, number>, others: number | undefined }>} run measures for `seconds`. `values`: by the keys
 *   of the rows; `others`: the share of the cores that other processes took meanwhile
 */

const MEASURES = [bulk, messages(1), messages(50), connections];
const MEMORY_ROUNDS = 3; // memory takes long to measure and varies by a few per cent only

/** All rows, in the order of the table. */
export const ROWS = [
  ...MEASURES.flatMap(({ rows }) => rows),
  ...AGE_ROWS,
  ...MEMORY_ROWS,
  ...IDLE_ROWS,
  ...NOTIFICATION_ROWS,
  ...MUX_ROWS,
  ...MONITOR_ROWS,
  ...TUNNEL_ROWS,
];

/** The measures that make sense for a kind of proxy. */
const measuresOf = ({ only }) => (only === "bulk" ? [bulk] : MEASURES);

/**
 * Runs all rounds. Each round takes every measure of every proxy.
 *
 * @param {object} task
 * @param {import("./load.mjs").Load} task.load
 * @param {import("./proxies.mjs").Kind[]} task.kinds all that are installed
 * @param {import("./proxies.mjs").Proxy[]} task.proxies running; sockproxyd is the first
 * @param {import("./proxies.mjs").Proxy} task.mux another sockproxyd, with multiplexers
 * @param {import("./proxies.mjs").Proxy} task.monitored another sockproxyd, with the monitor
 * @param {Awaited<ReturnType<import("./measures/tunnel.mjs").startTunnel>>} task.tunnel both ends of a tunnel
 * @param {import("./machine.mjs").Cores | undefined} task.cores
 * @param {number} task.rounds
 * @param {number} task.warmUpSeconds time of each measure before the rounds: Node compiles sockproxyd meanwhile
 * @param {number} task.seconds time of each measure
 * @param {number} task.idleSeconds time for which idle proxies are watched, once
 * @param {number} task.pairs idle pairs of the memory measure
 * @param {(text: string) => void} say reports progress
 * @returns {Promise<Samples>}
 */
export async function runRounds(
  { load, kinds, proxies, mux, monitored, tunnel, cores, rounds, warmUpSeconds, seconds, idleSeconds, pairs },
  say,
) {
  const samples = new Samples();
  say("starts, memory and wake-ups");
  const quiet = kinds.filter(({ only }) => only !== "bulk");
  for (const [name, values] of await measureIdle(quiet, cores, idleSeconds)) samples.add(name, values);
  say("warming up");
  for (const proxy of proxies) {
    for (const measure of measuresOf(proxy.kind)) await measure.run(load, proxy, warmUpSeconds);
  }
  for await (const _ of measureMux(load, mux, warmUpSeconds));
  await measureMonitor(load, monitored, warmUpSeconds);
  await measureTunnel(load, tunnel, warmUpSeconds);
  for (let round = 1; round <= rounds; round += 1) {
    for (const proxy of proxies) {
      say(`round ${round} of ${rounds}: ${proxy.kind.name}`);
      for (const measure of measuresOf(proxy.kind)) {
        const { values, others } = await measure.run(load, proxy, seconds);
        samples.add(proxy.kind.name, values, others);
      }
      if (proxy.kind.only !== undefined || round > MEMORY_ROUNDS) continue;
      for await (const { values, others } of measureAges(load, proxy.kind, cores, seconds)) {
        samples.add(proxy.kind.name, values, others);
      }
      samples.add(proxy.kind.name, await measureMemory(load, proxy.kind, cores, pairs));
    }
    say(`round ${round} of ${rounds}: notifications`);
    samples.add(proxies[0].kind.name, await measureNotifications(load, cores, seconds));
    say(`round ${round} of ${rounds}: mux`);
    for await (const { values, others } of measureMux(load, mux, seconds)) {
      samples.add(proxies[0].kind.name, values, others);
    }
    say(`round ${round} of ${rounds}: monitor`);
    const seen = await measureMonitor(load, monitored, seconds);
    samples.add(proxies[0].kind.name, seen.values, seen.others);
    say(`round ${round} of ${rounds}: tunnel`);
    const carried = await measureTunnel(load, tunnel, seconds);
    samples.add(proxies[0].kind.name, carried.values, carried.others);
  }
  return samples;
}
