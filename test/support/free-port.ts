import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { outlives } from "./open-sockets.js";

/**
 * Below the ports that the kernel gives to sockets without a wish: such a socket could take a port before its test does. Nobody gets
 * a port twice: a client that still looks for a stopped server (health checks, backoff) must not find the server of another test.
 */
const [FIRST_PORT, END_PORT] = [10_240, 32_768];
const BLOCK_SIZE = 128; // 176 blocks; the largest test file takes one

let block: Promise<Generator<number>> | undefined;

/** A port without a listener; another one at each call, and in each process. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    block ??= takeBlock();
    const { value: port, done } = (await block).next();
    if (done) block = undefined;
    else if (await isFree(port, host)) return port;
  }
}

/**
 * Takes a block of ports for this process, among the test processes that run at one time: it listens on the block's first port for
 * as long as it lives.
 */
async function takeBlock(): Promise<Generator<number>> {
  const count = (END_PORT - FIRST_PORT) / BLOCK_SIZE;
  for (let index = Math.floor(Math.random() * count); ; index = (index + 1) % count) {
    const first = FIRST_PORT + index * BLOCK_SIZE;
    const lock = await listen(first, "127.0.0.1");
    if (lock === undefined) continue;
    outlives(lock);
    return range(first + 1, first + BLOCK_SIZE);
  }
}

function* range(from: number, end: number): Generator<number> {
  for (let port = from; port < end; port += 1) yield port;
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = await listen(port, host);
  server?.close();
  return server !== undefined;
}

async function listen(port: number, host: string): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
