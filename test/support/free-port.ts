import { once } from "node:events";
import { createServer } from "node:net";

const givenPorts = new Set<number>();

/**
 * Below the ports that the kernel gives to those who want any: one of them could take it before it is used; and who goes on
 * looking for a server that is gone (health checks, back-off) must not find that of another test in its place.
 */
const [FIRST_PORT, LAST_PORT] = [10_240, 32_767];

/** A port that nobody listens on at the moment; another one every time. */
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
