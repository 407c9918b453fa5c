import { metered } from "../meter.mjs";

/**
 * One connection that carries bytes from the remote to the client at full speed. A GB is 10^9 bytes.
 *
 * @type {import("../rounds.mjs").Measure}
 */
export const bulk = {
  rows: [
    { key: "bulkRate", label: "bulk, 1 connection, 1 way: MB/s" },
    { key: "bulkCpu", label: "  CPU seconds per GB" },
    { key: "bulkBusy", label: "  proxy's core busy, %", noRatio: true },
  ],
  async run(load, proxy, seconds) {
    const args = { port: proxy.fronts[0], seconds, limit_bytes: Number.MAX_SAFE_INTEGER, spin: true };
    const result = await metered(proxy, () => load.call("bulk", args, seconds + 30));
    return {
      others: result.others,
      values: {
        bulkRate: result.bytes / 1e6 / result.seconds,
        bulkCpu: result.proxyCpu / (result.bytes / 1e9),
        bulkBusy: result.busyPercent,
      },
    };
  },
};
