import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { MAIN, portAnswers } from "./daemon.js";
import { freePort } from "./free-port.js";
import { Client } from "./net.js";
import { until } from "./wait.js";

/** The daemon, started from a copy of the program that the test may replace. */
export class Upgradable {
  readonly port: number;
  readonly program: string;
  readonly configuration: string;
  /** What all its processes have printed. */
  log = "";
  /** Processes that may still run. */
  readonly #pids = new Set<number>();

  private constructor(port: number, folder: string) {
    this.port = port;
    this.program = join(folder, "sockproxyd.cjs");
    this.configuration = join(folder, "sockproxyd.conf");
  }

  /** @param sections of its configuration file */
  static async start(t: TestContext, sections: string): Promise<Upgradable> {
    const folder = mkdtempSync(join(tmpdir(), "sockproxyd-upgrade-"));
    const daemon = new Upgradable(await freePort(), folder);
    const killAll = (): void => {
      for (const pid of daemon.#pids) kill(pid);
    };
    // A process that has taken over has no parent. So the test runner ends a file that takes too long: without its hooks.
    process.on("exit", killAll);
    const cut = (): never => process.exit(1);
    process.once("SIGTERM", cut);
    t.after(async () => {
      killAll();
      process.off("exit", killAll);
      process.off("SIGTERM", cut);
      await until(() => daemon.running.length === 0, "the end of all processes");
      rmSync(folder, { recursive: true, force: true });
    });
    copyFileSync(MAIN, daemon.program);
    writeFileSync(daemon.configuration, sections);
    const words = [daemon.program, "-a", "127.0.0.1", "-p", `${daemon.port}`, "-c", daemon.configuration];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
    daemon.#pids.add(child.pid ?? 0);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        daemon.log += text;
      });
    }
    await portAnswers(daemon.port);
    return daemon;
  }

  /** Its processes that run. */
  get running(): number[] {
    return [...this.#pids].filter(isRunning);
  }

  /** Says one command, and returns its one line of reply. */
  async say(command: string): Promise<string> {
    const client = await Client.open(this.port);
    await client.line();
    client.write(`${command}\n`);
    const reply = await client.line(60_000);
    client.destroy();
    return reply;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test takes what it wants of the status
  async status(): Promise<any> {
    const status = JSON.parse(await this.say("STAT JSON"));
    this.#pids.add(status.pid);
    return status;
  }

  /** Upgrades, which has to succeed; returns the reply. */
  async upgrade(): Promise<string> {
    const reply = await this.say("UPGR");
    const pid = /process (\d+):/.exec(reply)?.[1];
    if (!reply.startsWith("OK UPGR ") || pid === undefined) throw new Error(reply);
    this.#pids.add(Number(pid));
    return reply;
  }
}

/** Signals a process, if it is there. */
function kill(pid: number): void {
  try {
    process.kill(pid);
  } catch {}
}

/** One that has ended may wait for a parent that never asks. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
