import type { TestContext } from "node:test";
import type { DirectStatus } from "#src/core/direct/direct-status.js";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, type RunningDaemon, type StartDaemon, startDaemonUnder } from "./daemon.js";
import { freePort } from "./free-port.js";
import { startHere } from "./in-process.js";
import { Client, Device, greet } from "./net.js";
import { statJson } from "./stat-json.js";
import { until } from "./wait.js";

/** A daemon with one `[direct]` line. */
export interface Direct<D extends RunningDaemon = RunningDaemon> {
  readonly daemon: D;
  readonly config: ConfigFile;
  readonly port: number;
  /** Replaces the line and the text behind it, and reloads the configuration. */
  reload(line: string, sections?: string): Promise<void>;
  /** The servers in STAT JSON. */
  servers(): Promise<DirectStatus["servers"]>;
  /** Waits until the servers have these states. */
  shows(...states: readonly ("up" | "down")[]): Promise<void>;
  /** The daemon's reply to a command. */
  ask(command: string): Promise<string>;
}

/** Starts a daemon with one `[direct]` line, given without its port. The end of the test stops the daemon. */
export function startDirect(t: TestContext, line: string, sections = ""): Promise<Direct> {
  return startDirectBy(startHere, t, line, sections);
}

/**
 * As {@link startDirect}, with the daemon in a process of its own.
 *
 * @param runner another program that executes the daemon
 */
export function startDirectProcess(
  t: TestContext,
  line: string,
  sections = "",
  runner: readonly string[] = [],
): Promise<Direct<DaemonProcess>> {
  return startDirectBy((...args) => startDaemonUnder(runner, args), t, line, sections);
}

async function startDirectBy<D extends RunningDaemon>(
  start: StartDaemon<D>,
  t: TestContext,
  line: string,
  sections: string,
): Promise<Direct<D>> {
  const port = await freePort();
  const text = (what: string, more: string): string => `[direct]\n${port}=${what}\n${more}`;
  const config = new ConfigFile(text(line, sections));
  const daemon = await start("-a", "127.0.0.1", "-c", config.path);
  t.after(() => daemon.discard());
  const ask = async (command: string): Promise<string> => {
    const { client } = await greet(daemon.port);
    client.write(`${command}\nQUIT\n`);
    const answer = await client.rest();
    client.destroy();
    return answer;
  };
  const servers = async (): Promise<DirectStatus["servers"]> => {
    const { directs } = await statJson(daemon.port);
    const own = directs.find((each) => each.port === port);
    if (own === undefined) throw new Error(`STAT tells nothing of port ${port}`);
    return own.servers;
  };
  return {
    daemon,
    config,
    port,
    servers,
    ask,
    async reload(what, more = sections) {
      config.write(text(what, more));
      const answer = await ask("RELD");
      if (!answer.startsWith("OK RELD\n")) throw new Error(answer);
    },
    shows: (...states) =>
      until(async () => (await servers()).map(({ state }) => state).join() === states.join(), `to be ${states}`),
  };
}

/** A server that sends its name to its clients. It can stop, and come back on the same port. */
export class Named {
  readonly name: string;
  #device: Device;

  private constructor(name: string, device: Device) {
    this.name = name;
    this.#device = device;
  }

  static async open(t: TestContext, name: string, port?: number): Promise<Named> {
    const named = new Named(name, await Device.open("127.0.0.1", port));
    t.after(() => named.close());
    return named;
  }

  get port(): number {
    return this.#device.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The number of connections since its last start. */
  get connections(): number {
    return this.#device.clients.length;
  }

  /** The number of open connections. */
  get open(): number {
    return this.#device.clients.filter(({ ended, closed }) => !ended && !closed).length;
  }

  close(): void {
    this.#device.close();
  }

  async reopen(): Promise<void> {
    this.#device = await Device.open("127.0.0.1", this.port);
  }

  /** The server's socket of the client that has sent this text. */
  heard(text: string): Client | undefined {
    return this.#device.clients.find(({ bytes }) => bytes.toString() === text);
  }
}

let said = 0;

/** Connects to a `[direct]` port and returns the server that the connection leads to. */
export async function reach(port: number, servers: readonly Named[]): Promise<{ client: Client; server: Named }> {
  const client = await Client.open(port);
  said += 1;
  const text = `client ${said}`;
  client.write(text);
  let server: Named | undefined;
  await until(() => {
    server = servers.find((each) => each.heard(text) !== undefined);
    return server !== undefined || client.ended || client.closed;
  }, "a server to hear the client");
  if (server === undefined) throw new Error(`not connected: ${await client.rest()}`);
  return { client, server };
}
