import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { after } from "node:test";
import { MAIN } from "./daemon.js";
import { until } from "./wait.js";

/** What came of a command that ends by itself. */
export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with a `cli.yml`, and the control sockets of the reverse proxies that are started there; it goes with the tests. */
export class ReverseProxyFolder {
  readonly path = mkdtempSync(`${tmpdir()}/sockproxyd-rp-`);
  /** What is added to the environment of the programs. */
  env: Readonly<Record<string, string>> = { XDG_RUNTIME_DIR: this.path };

  /** Who runs the programs; empty: who runs the tests. */
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

  /** Writes `cli.yml` for a server on the loopback. */
  serveFrom(port: number): void {
    writeFileSync(this.cliYml, conbusYml(port));
  }

  /** Runs `sockproxyd reverse-proxy …` until it ends, 20 seconds at most. */
  run(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const options = { cwd: this.path, env: { ...process.env, ...this.env }, timeout: 20_000, ...this.user };
      const child = execFile(process.execPath, [MAIN, "reverse-proxy", ...args], options, (_error, out, err) =>
        resolve({ status: child.exitCode ?? -1, out, err }),
      );
    });
  }

  /**
   * Starts a reverse proxy, and waits until it has started.
   *
   * @param runner another program (`prlimit`) that becomes it
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

/** A `cli.yml` for a server on the loopback. */
export function conbusYml(port: number): string {
  return `conbus:\n  ip: 127.0.0.1\n  port: ${port}\n  timeout: 2\n`;
}

/** A reverse proxy that runs. */
export class ReverseProxy {
  readonly child: ChildProcess;
  /** What it has written to stderr so far. */
  log = "";
  /** What it has written to stdout so far. */
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

  /** Waits until its log has this, so many times. */
  async logs(text: RegExp, times = 1): Promise<void> {
    const all = new RegExp(text, "gm");
    await until(() => (this.log.match(all) ?? []).length >= times, `${text} in the log, which is:\n${this.log}`);
  }

  /** Ends it by a signal; returns its exit status. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, "exit");
    child.kill(signal);
    const [status] = await exited;
    return status;
  }
}
