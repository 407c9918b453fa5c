import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { after } from "node:test";
import { MAIN } from "./daemon.js";
import { controlHere } from "./proxy-process.js";
import { until } from "./wait.js";

/** The result of a command. */
export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A temporary folder with a `cli.yml` and the control sockets of its reverse proxies; removed after the tests. */
export class ReverseProxyFolder {
  readonly path = mkdtempSync(`${tmpdir()}/sockproxyd-rp-`);
  /** Further environment variables of the programs. */
  env: Readonly<Record<string, string>> = { XDG_RUNTIME_DIR: this.path };

  /** The user of the programs; empty for the user of the tests. */
  user: { readonly uid?: number; readonly gid?: number } = {};

  constructor() {
    after(() => rmSync(this.path, { recursive: true, force: true }));
  }

  get cliYml(): string {
    return `${this.path}/cli.yml`;
  }

  /** The folder of the sockets. */
  get sockets(): string {
    return `${this.path}/sockproxyd`;
  }

  socketOf(port: number): string {
    return `${this.sockets}/reverse-proxy-${port}.sock`;
  }

  /** Writes a `cli.yml` for a server on the loopback address. */
  serveFrom(port: number): void {
    writeFileSync(this.cliYml, conbusYml(port));
  }

  /** Answers `sockproxyd reverse-proxy status` or `stop` in the test's own process. */
  async control(verb: "status" | "stop", port: number): Promise<Ran> {
    const { status, stdout, stderr } = await controlHere(this.path, verb, "--port", String(port));
    return { status: status ?? -1, out: stdout, err: stderr };
  }

  /** Runs `sockproxyd reverse-proxy …` to its end; fails after 20 seconds. */
  run(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const options = { cwd: this.path, env: { ...process.env, ...this.env }, timeout: 20_000, ...this.user };
      const child = execFile(process.execPath, [MAIN, "reverse-proxy", ...args], options, (_error, out, err) =>
        resolve({ status: child.exitCode ?? -1, out, err }),
      );
    });
  }

  /**
   * Starts a reverse proxy and waits for its start.
   *
   * @param runner another program (`prlimit`) that executes the proxy
   */
  async start(port: number, args: readonly string[] = [], runner: readonly string[] = []): Promise<ReverseProxy> {
    const words = [...runner, process.execPath, MAIN, "reverse-proxy", "start", "--port", String(port), ...args];
    const [command = "", ...rest] = words;
    const env = { ...process.env, ...this.env };
    const stdio = ["ignore" as const, "pipe" as const, "pipe" as const];
    const proxy = new ReverseProxy(spawn(command, rest, { cwd: this.path, env, stdio, ...this.user }));
    await until(() => / started$/m.test(proxy.log) || proxy.child.exitCode !== null, "the reverse proxy to start");
    if (proxy.child.exitCode !== null) throw new Error(`it ended with ${proxy.child.exitCode}: ${proxy.log}`);
    return proxy;
  }
}

/** The text of a `cli.yml` for a server on the loopback address. */
export function conbusYml(port: number): string {
  return `conbus:\n  ip: 127.0.0.1\n  port: ${port}\n  timeout: 2\n`;
}

/** A running reverse proxy. */
export class ReverseProxy {
  readonly child: ChildProcess;
  /** The text of stderr so far. */
  log = "";
  /** The text of stdout so far. */
  printed = "";

  constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.log += chunk;
    });
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.printed += chunk;
    });
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
    process.on("exit", () => child.kill("SIGKILL"));
  }

  /** Waits until the log contains a text so many times. */
  async logs(text: RegExp, times = 1): Promise<void> {
    const all = new RegExp(text, "gm");
    await until(() => (this.log.match(all) ?? []).length >= times, `${text} in the log, which is:\n${this.log}`);
  }

  /** Ends the proxy by a signal; returns its exit status. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, "exit");
    child.kill(signal);
    const [status] = await exited;
    return status;
  }
}
