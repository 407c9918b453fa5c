import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { type DaemonProcess, startDaemon } from "./daemon.js";
import { startEcho } from "./echo.js";
import { type Client, greet } from "./net.js";
import { descriptorsAtRest, faults, resident } from "./process.js";
import { Tape } from "./tape.js";
import { pause, until } from "./wait.js";

// peers that flood a daemon, and what that costs the daemon and its other clients

export const MIB = 1_048_576;

/** A daemon in a process of its own, beside an echoing server. */
export interface Flooded {
  readonly daemon: DaemonProcess;
  readonly echo: Awaited<ReturnType<typeof startEcho>>;
  /** Number of the daemon's open descriptors without clients. */
  readonly atRest: number;
}

/** Starts a daemon beside an echoing server, and serves a first client. */
export async function startFlooded(): Promise<Flooded> {
  const echo = await startEcho();
  const daemon = await startDaemon();
  await serve(daemon, echo.port);
  return { daemon, echo, atRest: await descriptorsAtRest(daemon) };
}

/** Ends both. The daemon must have logged no fault, and end with 0. */
export async function stopFlooded({ daemon, echo }: Flooded): Promise<void> {
  echo.stop();
  assert.deepEqual(faults(daemon.log()), []);
  assert.equal(await daemon.stop(), 0);
}

/** Connects a plugin to an echoing remote and returns the time from first to last, in milliseconds. */
export async function serve(by: DaemonProcess, echo: number): Promise<number> {
  const since = performance.now();
  const { client } = await greet(by.port);
  client.write(`CONN 127.0.0.1:${echo}\nping`);
  assert.match(await client.line(), /^OK CONN /);
  assert.equal(await client.take(4), "ping");
  client.destroy();
  return performance.now() - since;
}

/** Serves an honest plugin again and again while something else goes on; returns the longest time, in milliseconds. */
export async function serveDuring(by: DaemonProcess, echo: number, something: Promise<unknown>): Promise<number> {
  let over = false;
  const finish = (): void => {
    over = true;
  };
  something.then(finish, finish);
  let worst = 0;
  while (!over) {
    worst = Math.max(worst, await serve(by, echo));
    await pause(100);
  }
  await something;
  return worst;
}

/** Runs an attack; returns the greatest growth of the daemon's memory meanwhile, in bytes. */
export async function growth(of: DaemonProcess, attack: () => Promise<unknown>): Promise<number> {
  const before = resident(of);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, resident(of));
  }, 20);
  try {
    await attack();
  } finally {
    clearInterval(watch);
  }
  return peak - before;
}

/** Ends the clients with their test, even if it fails. */
export function destroyAfter(t: TestContext, clients: readonly Client[]): void {
  t.after(() => {
    for (const client of clients) client.destroy();
  });
}

/** A number of bytes in words. */
export const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Writes as much as the socket takes: a tape, or the same bytes again and again. */
export class Pump {
  /** The number of bytes so far. */
  written = 0;
  readonly #tape = new Tape(1);
  readonly #socket: Socket;
  readonly #source: () => Buffer;

  constructor(socket: Socket, source?: () => Buffer) {
    this.#socket = socket;
    this.#source = source ?? (() => this.#tape.take(65_536));
    socket.on("drain", () => this.#run());
    this.#run();
  }

  /** Stops writing and sends FIN. */
  end(): void {
    this.#socket.removeAllListeners("drain");
    this.#socket.end();
  }

  #run(): void {
    while (this.#socket.writable) {
      const piece = this.#source();
      this.written += piece.length;
      if (!this.#socket.write(piece)) return;
    }
  }

  /** Resolves when the peer has taken nothing for a second. */
  async stalled(): Promise<void> {
    let last = -1;
    await until(
      async () => {
        const taken = this.#socket.bytesWritten - this.#socket.writableLength;
        const still = taken === last && this.#socket.writableLength > 0;
        last = taken;
        await pause(1000);
        return still;
      },
      "the writer to be stalled",
      30_000,
    );
  }
}

/** Reads a socket to its end and compares the bytes with the tape; returns their number. */
export function readTape(client: Client): Promise<number> {
  const tape = new Tape(1);
  const { socket, bytes } = client;
  assert.ok(tape.continuesWith(bytes));
  socket.removeAllListeners("data");
  return new Promise((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      if (!tape.continuesWith(chunk)) reject(new Error(`a wrong byte behind ${tape.at - chunk.length}`));
    });
    socket.on("end", () => resolve(tape.at));
    socket.on("close", () => reject(new Error(`cut after ${tape.at}`)));
    socket.resume();
  });
}
