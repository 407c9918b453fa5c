import { once } from "node:events";
import { createServer } from "node:net";

const givenPorts = new Set<number>();

/**
 * Ports below the ephemeral range. The kernel could give an ephemeral port to another socket before the test uses it. And a daemon that
 * still looks for a stopped server (health checks, back-off) must not find the server of another test on that port.
 */
const [FIRST_PORT, LAST_PORT] = [10_240, 32_767];

/** A port without a listener; each call returns another one. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (givenPorts.has(port) || !(await isFree(port, host))) continue;
    givenPorts.add(port);
    return port;
  }
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
