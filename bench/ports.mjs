import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { until } from "./wait.mjs";

const LOWEST = 10_000;

/**
 * Ports of the loopback nobody listens on, outside of the range the kernel takes ports of outgoing connections from: there a
 * connection of the load could take one before the proxy listens.
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

/** Whether one can listen on a port of the loopback. */
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
 * Waits until somebody listens on a port. Looks in the kernel's table: a connection would be passed on to the backend.
 *
 * @param {number} port
 * @param {() => string | undefined} failure why nobody ever will, once that is known
 */
export async function listening(port, failure) {
  const pattern = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F]+:0000 0A `);
  await until(() => {
    const reason = failure();
    if (reason !== undefined) throw new Error(reason);
    return pattern.test(readFileSync("/proc/net/tcp", "latin1"));
  }, `port ${port} to be listened on`);
}
