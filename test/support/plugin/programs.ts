import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.js";
import { until } from "../wait.js";

const ROOT = new URL("../../../../", import.meta.url);

/** The folder of the examples. */
export const EXAMPLES = fileURLToPath(new URL("plugin-examples", ROOT));

const SUPPORT = fileURLToPath(new URL("test/support/plugin", ROOT));
const LIMIT_MS = 20_000;

/** Resolves with the result of `look` once it is neither undefined nor false; fails after 20 seconds. */
export async function eventually<T>(what: string, look: () => T | undefined | false): Promise<T> {
  let seen: T | undefined | false;
  const condition = () => {
    seen = look();
    return seen !== undefined && seen !== false;
  };
  await until(condition, what, LIMIT_MS);
  return seen as T;
}

/** A program under test and its output so far. */
export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit status when the program ends by itself; fails after 20 seconds. */
  ended(): Promise<number | null>;
  /** Ends the program if it still runs. */
  kill(): Promise<void>;
}

/** Starts a program with the examples on Lua's path. */
export function run(command: string, ...args: string[]): Program {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LUA_PATH: `${EXAMPLES}/?.lua;;` },
  });
  const closed = once(child, "close");
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async ended() {
      let over = false;
      void closed.then(() => {
        over = true;
      });
      await eventually(`${command} ${args[0]} ends`, () => over);
      return child.exitCode;
    },
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

/** Runs the module `sockproxy.lua` without luup; see `connect.lua` there. */
export function runConnect(host: string, port: number, options: Record<string, string | number>): Program {
  const words = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return run("lua5.1", `${SUPPORT}/connect.lua`, host, String(port), ...words);
}

/** An event of the Luup stand-in: its kind and its fields. */
export type LuupEvent = readonly [kind: string, ...fields: string[]];

/** The Luup stand-in with the example plugin; see `luup-stand-in.lua`. */
export class LuupStandIn {
  readonly port: number;
  readonly #program: Program;

  private constructor(port: number, program: Program) {
    this.port = port;
    this.#program = program;
  }

  /** @param settings `ip` sets the attribute of the device; every other name sets a variable */
  static async start(port: number, device: number, settings: Record<string, string | number>): Promise<LuupStandIn> {
    const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const script = `${SUPPORT}/luup-stand-in.lua`;
    const program = run("lua5.1", script, String(port), EXAMPLES, "D_SockProxyExample1.xml", String(device), ...words);
    const luup = new LuupStandIn(port, program);
    try {
      await luup.event("ready");
    } catch (error) {
      await program.kill();
      throw error;
    }
    return luup;
  }

  /** All events so far, in order. A fault of the plugin or the stand-in fails the test. */
  events(): LuupEvent[] {
    const text = this.#program.stdout();
    const events = text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .slice(0, -1)
      .map((line): LuupEvent => {
        const [kind = "", ...fields] = line.split("\t");
        return [kind, ...fields];
      });
    const fault = events.find(([kind]) => kind === "fault");
    if (fault !== undefined || this.#program.child.exitCode !== null) {
      throw new Error(`the Luup stand-in has failed: ${fault?.[1] ?? ""} ${this.#program.stderr()}`);
    }
    return events;
  }

  /** The fields of all events of this kind that begin with these fields, among those after the first `from` ones. */
  all(kind: string, fields: readonly string[] = [], from = 0): string[][] {
    return this.events()
      .slice(from)
      .filter((event) => event[0] === kind && fields.every((field, index) => event[index + 1] === field))
      .map(([, ...rest]) => rest);
  }

  /** Waits for such an event; returns its fields. */
  async event(kind: string, fields: readonly string[] = [], from = 0): Promise<string[]> {
    try {
      return await eventually(`event ${[kind, ...fields].join(" ")}`, () => this.all(kind, fields, from)[0]);
    } catch (error) {
      throw new Error(`${error}\n${this.#program.stdout()}\n${this.#program.stderr()}`);
    }
  }

  /** All values of a variable in the events after the first `from` ones. */
  values(name: string, from = 0): string[] {
    return this.all("variable", [name], from).map(([, value = ""]) => value);
  }

  /** Sends `GET /data_request?…`; returns the text of the response. */
  async request(query: Record<string, string | number>): Promise<string> {
    const words = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
    const response = await fetch(`http://127.0.0.1:${this.port}/data_request?${new URLSearchParams(words)}`, {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return response.text();
  }

  stop(): Promise<void> {
    return this.#program.kill();
  }
}

/** A TCP server on the loopback address that stores all received text, as a device or another peer. */
export class Server {
  readonly port: number;
  readonly sockets: Socket[] = [];
  readonly #received = new Map<Socket, string>();
  readonly #stop: () => Promise<void>;

  private constructor(port: number, stop: () => Promise<void>) {
    this.port = port;
    this.#stop = stop;
  }

  /** @param greet is called with each connection */
  static async start(greet: (socket: Socket) => void = () => {}): Promise<Server> {
    const port = await freePort();
    const server = createServer();
    const device = new Server(port, async () => {
      for (const socket of device.sockets) socket.destroy();
      server.close();
      await once(server, "close");
    });
    server.on("connection", (socket) => {
      device.sockets.push(socket);
      socket.on("error", () => {});
      socket.setEncoding("latin1").on("data", (text: string) => {
        device.#received.set(socket, device.received(socket) + text);
      });
      greet(socket);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return device;
  }

  /** Waits for the n-th connection, counted from 0. */
  connection(n: number): Promise<Socket> {
    return eventually(`connection ${n}`, () => this.sockets[n]);
  }

  received(socket: Socket | undefined): string {
    return (socket && this.#received.get(socket)) ?? "";
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}
