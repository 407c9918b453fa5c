import { once } from "node:events";
import { createServer } from "node:net";

const LIMIT_MS = 10_000;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition, ten seconds at most: a demonstration that hangs shows nothing. */
export async function until(condition, what) {
  const limit = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`waited in vain for ${what}`);
    await pause(2);
  }
}

/** Listens on any free port of the loopback. */
export async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

/** So many free ports, and the servers that listen on them, for another program to take over: so nobody else can take them meanwhile. */
export async function openPorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  return { servers, ports: await Promise.all(servers.map(listen)) };
}
