import { metered } from "../meter.mjs";

const CONCURRENCY = 4;

/**
 * Connections that close after one message each way.
 *
 * @type {import("../rounds.mjs").Measure}
 */
export const connections = {
  rows: [
    { key: "connections", label: `open, echo, close, ${CONCURRENCY} at a time: connections/s` },
    { key: "connectionCpu", label: "  CPU µs per connection" },
    { key: "connectionBusy", label: "  proxy's core busy, %", noRatio: true },
  ],
  async run(load, proxy, seconds) {
    const args = { ports: proxy.fronts.slice(1), concurrency: CONCURRENCY, seconds };
    const result = await metered(proxy, () => load.call("connections", args, seconds + 30));
    return {
      others: result.others,
      values: {
        connections: result.count / result.seconds,
        connectionCpu: (result.proxyCpu * 1e6) / result.count,
        connectionBusy: result.busyPercent,
      },
    };
  },
};
