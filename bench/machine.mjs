import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";

/**
 * @typedef {object} Cores numbers of cores
 * @property {number} proxy for the proxies, and nothing else
 * @property {number} load for the load, and this program
 */

/** What is known of this machine. */
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
 * Chooses two cores and moves this process to that of the load.
 *
 * @param {(text: string) => void} say is told why nothing is pinned, when nothing is
 * @returns {Cores | undefined}
 */
export function chooseCores(say) {
  const [proxy, load] = allowedCores();
  if (load === undefined) {
    say("one core only: proxy and load share it, so rates and times say little; CPU and memory do");
    return undefined;
  }
  const { status } = spawnSync("taskset", ["-a", "-c", "-p", String(load), String(process.pid)]);
  if (status !== 0) {
    say("no taskset (package util-linux): nothing is pinned to a core, so rates and times vary more");
    return undefined;
  }
  return { proxy, load };
}
