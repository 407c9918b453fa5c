import { coreSeconds, cpuSeconds, hasChildren } from "./cpu.mjs";
import { pause, until } from "./wait.mjs";

const SETTLE_MS = 150; // for the proxy to close what the load has closed

/** What the cores of proxy and load have done so far, as coreSeconds tells it. */
function look({ proxy, load }) {
  return [coreSeconds(proxy), coreSeconds(load)];
}

/**
 * Has the load do something and meters the proxy meanwhile.
 *
 * @param {import("./proxies.mjs").Proxy} proxy
 * @param {() => Promise<{ seconds: number, cpu: number }>} work
 * @returns {Promise<object>} what the work returned, and `proxyCpu`: seconds of CPU the proxy took; `busyPercent`: how busy its
 *   core was; `others`: the greater of the shares, 0 to 1, that processes without a part in it took of the two cores. The last
 *   two are undefined when nothing is pinned to cores
 */
export async function metered(proxy, work) {
  const { pid, cores, kind } = proxy;
  const cpuBefore = cpuSeconds(pid);
  const before = cores && look(cores);
  const result = await work();
  const after = cores && look(cores);
  await pause(SETTLE_MS);
  await until(() => !hasChildren(pid), `the children of ${kind.name} to end`);
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
