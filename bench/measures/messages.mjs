import { metered } from "../meter.mjs";

/**
 * Round trips of 64 bytes, one in flight on each connection. A round trip is two messages, one each way.
 *
 * @param {number} connections
 * @returns {import("../rounds.mjs").Measure}
 */
export function messages(connections) {
  const key = `trips${connections}`;
  return {
    rows: [
      { key, label: `64 bytes, ${connections} connection${connections === 1 ? "" : "s"}: round trips/s` },
      { key: `${key}P50`, label: "  p50, ms" },
      { key: `${key}P99`, label: "  p99, ms" },
      { key: `${key}Cpu`, label: "  CPU µs per message (2 per round trip)" },
      { key: `${key}Busy`, label: "  proxy's core busy, %", noRatio: true },
    ],
    async run(load, proxy, seconds) {
      const args = { port: proxy.fronts[1], connections, seconds };
      const result = await metered(proxy, () => load.call("round_trips", args, seconds + 30));
      return {
        others: result.others,
        values: {
          [key]: result.count / result.seconds,
          [`${key}P50`]: result.p50,
          [`${key}P99`]: result.p99,
          [`${key}Cpu`]: (result.proxyCpu * 1e6) / (2 * result.count),
          [`${key}Busy`]: result.busyPercent,
        },
      };
    },
  };
}
