import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { until } from "./wait.mjs";

const LOWEST = 10_000;
const LISTEN_LIMIT_MS = 60_000; // thousands of lines take their time

/**
 * Free ports of the loopback address, outside the range of ephemeral ports: an outgoing connection of the load could take a port of
 * that range before the proxy listens.
 *
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  const [ephemeral] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1").split("\t").map(Number);
  const top = Math.max(ephemeral, LOWEST + 1000);
  const ports = new Set();
  for (let attempt = 0; ports.size < count; attempt += 1) {
    if (attempt > 100 + 10 * count) throw new Error("no free ports");
    const port = LOWEST + Math.floor(Math.random() * (top - LOWEST));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** Whether a port of the loopback address is free. */
async function isFree(port) {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

/**
 * Waits until a process listens on a port. It reads the kernel's socket table, because a connection would reach the backend.
 *
 * @param {number} port
 * @param {() => string | undefined} failure the reason why no process ever will, once it is known
 */
export async function listening(port, failure) {
  const pattern = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F]+:0000 0A `);
  await until(
    () => {
      const reason = failure();
      if (reason !== undefined) throw new Error(reason);
      return pattern.test(readFileSync("/proc/net/tcp", "latin1"));
    },
    `a listener on port ${port}`,
    LISTEN_LIMIT_MS,
  );
}
