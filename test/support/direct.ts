import type { TestContext } from "node:test";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, startDaemonUnder } from "./daemon.js";
import { freePort } from "./free-port.js";
import { Client, Device, greet } from "./net.js";
import { until } from "./wait.js";

/** One member of `servers` in the answer to STAT JSON. */
export interface ServerStatus {
  readonly address: string;
  readonly state: "up" | "down";
  readonly since: string;
  readonly reason?: string;
  readonly active: number;
  readonly total: number;
  readonly failures: number;
}

/** A daemon with one line of `[direct]`. */
export interface Direct {
  readonly daemon: DaemonProcess;
  readonly config: ConfigFile;
  readonly port: number;
  /** Puts another line, and what follows it, in the place of the old one, and has the daemon read it. */
  reload(line: string, sections?: string): Promise<void>;
  /** What STAT JSON tells of the servers. */
  servers(): Promise<ServerStatus[]>;
  /** Waits until the servers are in these states. */
  shows(...states: readonly ("up" | "down")[]): Promise<void>;
  /** The daemon's answer to a command. */
  ask(command: string): Promise<string>;
}

/**
 * Starts a daemon with one line of `[direct]`, which is written without its port; the test ends it.
 *
 * @param runner another program that becomes the daemon
 */
export async function startDirect(
  t: TestContext,
  line: string,
  sections = "",
  runner: readonly string[] = [],
): Promise<Direct> {
  const port = await freePort();
  const text = (what: string, more: string): string => `[direct]\n${port}=${what}\n${more}`;
  const config = new ConfigFile(text(line, sections));
  const daemon = await startDaemonUnder(runner, ["-a", "127.0.0.1", "-c", config.path]);
  t.after(() => daemon.stop("SIGKILL"));
  const ask = async (command: string): Promise<string> => {
    const { client } = await greet(daemon.port);
    client.write(`${command}\nQUIT\n`);
    const answer = await client.rest();
    client.destroy();
    return answer;
  };
  const servers = async (): Promise<ServerStatus[]> => {
    const [json = ""] = (await ask("STAT JSON")).split("\n");
    const { directs } = JSON.parse(json) as { directs: { port: number; servers: ServerStatus[] }[] };
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

/** A server that tells its clients who it is, and may go and come back on the same port. */
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

  /** Connections it was given so far, since it is there. */
  get connections(): number {
    return this.#device.clients.length;
  }

  /** Those of them that are still there. */
  get open(): number {
    return this.#device.clients.filter(({ ended, closed }) => !ended && !closed).length;
  }

  close(): void {
    this.#device.close();
  }

  async reopen(): Promise<void> {
    this.#device = await Device.open("127.0.0.1", this.port);
  }

  /** The side of the server of a client that has said this. */
  heard(text: string): Client | undefined {
    return this.#device.clients.find(({ bytes }) => bytes.toString() === text);
  }
}

let said = 0;

/** Connects to a port of `[direct]` and finds out which of these servers it leads to. */
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
