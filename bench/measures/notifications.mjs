import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { start, stop } from "../processes.mjs";
import { sockproxyd, startProxy } from "../proxies.mjs";
import { percentile } from "../statistics.mjs";
import { pause, within } from "../wait.mjs";

const MAIN = fileURLToPath(new URL("../notify/main.mjs", import.meta.url));
const COUNTS = [1, 20, 200]; // connections, with 10 messages/s each
const BURST = 50;
const BULK_BYTES = 1e9;
const BULK_AHEAD_MS = 50; // the bulk transfer reaches full speed meanwhile
const LIMIT_MS = 30_000;

/** @type {import("../rounds.mjs").Row[]} */
export const NOTIFICATION_ROWS = [
  ...COUNTS.flatMap((count) => [
    { key: `notify${count}P50`, label: `notified, ${count} × 10 messages/s: p50, ms` },
    { key: `notify${count}P99`, label: "  p99, ms" },
    { key: `notify${count}Max`, label: "  max of all rounds, ms", worst: true },
  ]),
  { key: "burst", label: `${BURST} notified while 1 GB passes: all after ms` },
  { key: "burstMax", label: "  max of all rounds, ms", worst: true },
];

/** Starts the load process of the notification measures; returns the process, the URL of its Luup engine, and a function that calls it. */
async function startLoad(core) {
  const child = start(process.execPath, [MAIN], core, ["ignore", "inherit", "inherit", "ipc"]);
  const answer = async (what) => {
    const [message] = await within(
      Promise.race([
        once(child, "message"),
        once(child, "exit").then(() => [{ error: "the load process of the notifications ended" }]),
      ]),
      `answer of ${what}`,
      LIMIT_MS,
    );
    if (message.error !== undefined) throw new Error(`${what}: ${message.error}`);
    return message;
  };
  const call = async (name, args) => {
    child.send({ call: name, args });
    return (await answer(name)).result;
  };
  const { url } = await answer("the load process of the notifications");
  return { child, url, call };
}

/**
 * Sends one message on each of many connections while another connection, with notifications too, carries bulk.
 *
 * @returns {Promise<number | undefined>} milliseconds until the last notification; undefined when the bulk transfer ended before
 */
async function measureBurst(load, notify, proxy) {
  await notify.call("prepare", { port: proxy.port, connections: BURST });
  let carrying = true;
  const args = { port: proxy.fronts[0], seconds: 20, limit_bytes: BULK_BYTES, spin: false };
  const bulk = load.call("bulk", args, 60).finally(() => {
    carrying = false;
  });
  await pause(BULK_AHEAD_MS);
  const ms = await notify.call("burst");
  const beside = carrying;
  await bulk;
  await notify.call("finish");
  return beside ? ms : undefined;
}

/**
 * The time from a message of a device to the arrival of the action request at the Luup engine.
 *
 * @param {import("../load.mjs").Load} load carries the bulk transfer
 * @param {import("../machine.mjs").Cores | undefined} cores
 * @param {number} seconds time for each number of connections
 * @returns {Promise<Record<string, number | undefined>>} by the keys of the rows
 */
export async function measureNotifications(load, cores, seconds) {
  const notify = await startLoad(cores?.load);
  const options = ["NTFY=999/urn:bench:serviceId:Bench1/Bulk"];
  const proxy = await startProxy(sockproxyd, [load.ports.bulk], cores, { vera: notify.url, options });
  try {
    const values = {};
    for (const connections of COUNTS) {
      const delays = await notify.call("rate", { port: proxy.port, connections, seconds });
      values[`notify${connections}P50`] = percentile(delays, 0.5);
      values[`notify${connections}P99`] = percentile(delays, 0.99);
      values[`notify${connections}Max`] = delays.at(-1);
    }
    const burst = await measureBurst(load, notify, proxy);
    return { ...values, burst, burstMax: burst };
  } finally {
    await Promise.all([proxy.stop(), stop(notify.child)]);
  }
}
