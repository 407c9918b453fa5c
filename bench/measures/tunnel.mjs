import { cpuSeconds } from "../cpu.mjs";
import { metered } from "../meter.mjs";
import { freePorts } from "../ports.mjs";
import { sockproxyd, startProxy } from "../proxies.mjs";

/** @type {import("../rounds.mjs").Row[]} */
export const TUNNEL_ROWS = [
  { key: "tunnelRate", label: "tunnel, 1 connection, 1 way: MB/s" },
  { key: "tunnelCpu", label: "  CPU seconds per GB, both ends" },
  { key: "tunnelP50", label: "  64 bytes there and back beside it: p50, ms" },
  { key: "tunnelP99", label: "  p99, ms" },
];

/**
 * Starts both ends of a tunnel to the bulk backend and to an echo backend. All rounds use these two processes.
 *
 * @param {import("../load.mjs").Load} load
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @returns {Promise<{ server: import("../proxies.mjs").Proxy, device: import("../proxies.mjs").Proxy }>}
 */
export async function startTunnel(load, cores) {
  const backs = [load.ports.bulk, load.ports.echo[0]];
  const [link] = await freePorts(1);
  const allow = backs.map((port) => `127.0.0.1:${port}`).join(",");
  const device = await startProxy(sockproxyd, [], cores, {
    sections: () => ["[device]", `server=127.0.0.1:${link}`, `allow=${allow}`],
  });
  const server = await startProxy(sockproxyd, backs, cores, {
    sections: (routes) => [
      "[tunnel]",
      `${link}=EXPOSE ${routes.map(({ front, back }) => `127.0.0.1:${front}>127.0.0.1:${back}`).join(" ")}`,
    ],
  });
  return { server, device };
}

/**
 * A bulk transfer through both ends on one core, with round trips of short messages beside it.
 *
 * @param {import("../load.mjs").Load} load
 * @param {Awaited<ReturnType<typeof startTunnel>>} tunnel
 * @param {number} seconds how long
 * @returns {Promise<{ values: Record<string, number>, others: number | undefined }>} as a {@link import("../rounds.mjs").Measure}
 *   returns it
 */
export async function measureTunnel(load, { server, device }, seconds) {
  const [port, echo_port] = server.fronts;
  const before = cpuSeconds(device.pid);
  const result = await metered(server, () => load.call("bulk_beside", { port, echo_port, seconds }, seconds + 30));
  const deviceCpu = cpuSeconds(device.pid) - before;
  return {
    values: {
      tunnelRate: result.bytes / 1e6 / result.seconds,
      tunnelCpu: (result.proxyCpu + deviceCpu) / (result.bytes / 1e9),
      tunnelP50: result.p50,
      tunnelP99: result.p99,
    },
    // the device end is part of the tunnel, not another process
    others: result.others === undefined ? undefined : Math.max(0, result.others - deviceCpu / result.seconds),
  };
}
