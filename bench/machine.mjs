import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";

/**
 * @typedef {object} Cores the numbers of two cores
 * @property {number} proxy runs the proxies and nothing else
 * @property {number} load runs the load process and this program
 */

/** The hardware and software that the results depend on. */
export function machine() {
  return { cpu: cpus()[0]?.model.trim() ?? "unknown", cores: cpus().length, kernel: release(), node: process.version };
}

/** The cores this process may run on. */
function allowedCores() {
  const list = /^Cpus_allowed_list:\s+(.*)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/**
 * Chooses two cores and moves this process to the core of the load.
 *
 * @param {(text: string) => void} say prints why nothing is pinned
 * @returns {Cores | undefined} undefined when nothing is pinned
 */
export function chooseCores(say) {
  const [proxy, load] = allowedCores();
  if (load === undefined) {
    say("only one core: proxy and load share it. Rates and times say little; CPU and memory are valid");
    return undefined;
  }
  const { status } = spawnSync("taskset", ["-a", "-c", "-p", String(load), String(process.pid)]);
  if (status !== 0) {
    say("taskset is missing (package util-linux): nothing is pinned to a core. Rates and times vary more");
    return undefined;
  }
  return { proxy, load };
}
