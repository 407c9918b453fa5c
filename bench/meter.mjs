import { coreSeconds, cpuSeconds, hasChildren } from "./cpu.mjs";
import { pause, until } from "./wait.mjs";

const SETTLE_MS = 150; // time for the proxy to close the connections that the load has closed

/** {@link coreSeconds} of the cores of proxy and load. */
function bothCoreSeconds({ proxy, load }) {
  return [coreSeconds(proxy), coreSeconds(load)];
}

/**
 * Meters a proxy while the load works.
 *
 * @param {import("./proxies.mjs").Proxy} proxy
 * @param {() => Promise<{ seconds: number, cpu: number }>} work
 * @returns {Promise<object>} the result of the work, and `proxyCpu`: CPU seconds of the proxy; `busyPercent`: how busy its core
 *   was; `others`: the share, 0 to 1, that processes outside the benchmark took of a core, the greater one of the two cores. The
 *   last two are undefined when nothing is pinned to cores
 */
export async function metered(proxy, work) {
  const { pid, cores, kind } = proxy;
  const cpuBefore = cpuSeconds(pid);
  const before = cores && bothCoreSeconds(cores);
  const result = await work();
  const after = cores && bothCoreSeconds(cores);
  await pause(SETTLE_MS);
  await until(() => !hasChildren(pid), `end of the children of ${kind.name}`);
  const proxyCpu = cpuSeconds(pid) - cpuBefore;
  if (cores === undefined) return { ...result, proxyCpu };
  const [proxyCore, loadCore] = after.map((now, index) => ({
    processes: now.processes - before[index].processes,
    interrupts: now.interrupts - before[index].interrupts,
    idle: now.idle - before[index].idle,
  }));
  const worked = proxyCore.processes + proxyCore.interrupts;
  const others = Math.max(proxyCore.processes - proxyCpu, loadCore.processes - result.cpu);
  return {
    ...result,
    proxyCpu,
    busyPercent: (100 * worked) / (worked + proxyCore.idle),
    others: Math.max(0, others) / result.seconds,
  };
}
