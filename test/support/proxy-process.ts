import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { after, type TestContext } from "node:test";
import { reverseProxy } from "#src/cli/reverse-proxy-command.js";
import { MAIN } from "./daemon.js";
import { freePort } from "./free-port.js";
import { Client } from "./net.js";
import { Output } from "./shown.js";
import { until } from "./wait.js";

/** A temporary folder for control files and settings, which is removed after the tests. */
export function ownFolder(): string {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-reverse-`);
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The result of a command. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `sockproxyd …` with its control files in this folder. The end of the test stops it. */
export function start(t: TestContext, folder: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
    cwd: folder,
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  child.on("exit", () => process.off("exit", kill));
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  t.after(kill);
  return child;
}

/** Waits for a child's end; returns its exit status. */
export async function ended(child: ChildProcess, withinMs?: number): Promise<number | null> {
  await until(() => child.exitCode !== null || child.signalCode !== null, "the program to end", withinMs);
  return child.exitCode;
}

/**
 * Answers `sockproxyd reverse-proxy status` or `stop` in the test's own process, as the command does.
 *
 * @param folder the value of XDG_RUNTIME_DIR
 */
export async function controlHere(folder: string, ...words: readonly string[]): Promise<Ran> {
  const former = process.env["XDG_RUNTIME_DIR"] ?? "";
  process.env["XDG_RUNTIME_DIR"] = folder;
  const answering = reverseProxy(words, () => {}); // reads the variable before it returns
  process.env["XDG_RUNTIME_DIR"] = former;
  const answer = await answering;
  if (answer.kind === "running") throw new Error(`${words.join(" ")} starts a daemon`);
  if (answer.kind === "answer") return { status: answer.status ?? 0, stdout: `${answer.text}\n`, stderr: "" };
  return { status: answer.status, stdout: "", stderr: answer.lines.map((line) => `sockproxyd: ${line}\n`).join("") };
}

/** Runs `sockproxyd …` to its end. */
export async function runToEnd(t: TestContext, folder: string, ...args: readonly string[]): Promise<Ran> {
  const child = start(t, folder, ...args);
  const [stdout, stderr] = [new Output(child.stdout as Readable), new Output(child.stderr as Readable)];
  let closed = false;
  child.on("close", () => {
    closed = true;
  });
  await until(() => closed, `sockproxyd ${args.join(" ")} to end`);
  return { status: child.exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** What `reverse-proxy status` prints. */
export interface ProxyStatus {
  readonly running: boolean;
  readonly listen_port: number;
  readonly target_ip: string;
  readonly target_port: number;
  readonly active_connections: number;
  readonly connections: Readonly<
    Record<string, { readonly client_address: string; readonly connected_at: string; readonly bytes_relayed: number }>
  >;
}

/** A running `sockproxyd reverse-proxy start …` and its output. */
export class ReverseProxy {
  readonly port: number;
  readonly child: ChildProcess;
  /** The folder of its control files. */
  readonly folder: string;
  /** The path of its `cli.yml`. */
  readonly config: string;
  readonly output: Output;
  readonly errors: Output;

  constructor(t: TestContext, port: number, folder: string, config: string, args: readonly string[]) {
    this.port = port;
    this.folder = folder;
    this.config = config;
    this.child = start(t, folder, "reverse-proxy", "start", "--port", `${port}`, "--config", config, ...args);
    this.output = new Output(this.child.stdout as Readable);
    this.errors = new Output(this.child.stderr as Readable);
  }

  /** The text of both output streams so far. */
  get said(): string {
    return this.output.text + this.errors.text;
  }

  /** Replaces its `cli.yml`. */
  configure(text: string): void {
    writeFileSync(this.config, text);
  }

  /** Answers `reverse-proxy <verb> --port <its port>`. */
  run(verb: "status" | "stop"): Promise<Ran> {
    return controlHere(this.folder, verb, "--port", `${this.port}`);
  }

  /** The output of `status`, once the proxy answers: it listens for clients a moment earlier. */
  async status(): Promise<ProxyStatus> {
    let ran: Ran | undefined;
    await until(async () => {
      ran = await this.run("status");
      return ran.status === 0;
    }, "status to say that it runs");
    return JSON.parse(ran?.stdout ?? "") as ProxyStatus;
  }

  /** Waits for a text on either stream. */
  async says(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.said), String(pattern)).catch((error) => {
      throw new Error(`${error}; said so far:\n${this.said}`);
    });
  }

  connect(host?: string): Promise<Client> {
    return Client.open(this.port, host);
  }
}

/** Whether a process listens on a port, by proc(5): a connection would show in the proxy's log. */
export function isListening(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  return ["tcp", "tcp6"].some((table) => listeningRows(`/proc/net/${table}`).some((row) => row.includes(local)));
}

/** The rows of listening sockets. They come first, and to read the others takes the kernel ten times as long on a busy machine. */
function listeningRows(path: string): string[] {
  const file = openSync(path, "r");
  const block = Buffer.alloc(4096);
  let text = "";
  try {
    for (let size = 1; size > 0 && !/ (?!0A)[0-9A-F]{2} [0-9A-F]{8}:/.test(text); ) {
      size = readSync(file, block);
      text += block.toString("latin1", 0, size);
    }
  } finally {
    closeSync(file);
  }
  return text.split("\n").filter((row) => / 0A /.test(row));
}

/** The text of a `cli.yml`. */
export function cliYml(port: number, timeout = 5, ip = "127.0.0.1"): string {
  return `conbus:\n  ip: ${ip}\n  port: ${port}\n  timeout: ${timeout}\n`;
}

/**
 * Starts the reverse proxy and waits until it listens. The end of the test stops it.
 *
 * @param options `target`: the port of the Conbus server; `yml`: the text of `cli.yml`, or null for no file; `args`: further arguments;
 *   `folder`: the folder of another proxy, to share it
 */
export async function startReverseProxy(
  t: TestContext,
  {
    target = 1,
    timeout = 5,
    yml = cliYml(target, timeout),
    args = [],
    folder = ownFolder(),
    port,
  }: {
    target?: number;
    timeout?: number;
    yml?: string | null;
    args?: readonly string[];
    folder?: string;
    port?: number;
  } = {},
): Promise<ReverseProxy> {
  const listen = port ?? (await freePort());
  const config = `${folder}/cli-${listen}.yml`;
  if (yml !== null) writeFileSync(config, yml);
  const proxy = new ReverseProxy(t, listen, folder, config, args);
  await until(() => {
    if (proxy.child.exitCode !== null) throw new Error(`ended with ${proxy.child.exitCode}`);
    return isListening(listen);
  }, "the reverse proxy to listen").catch((error) => {
    throw new Error(`${error}\n${proxy.said}`);
  });
  return proxy;
}
