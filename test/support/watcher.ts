import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { MAIN } from "./daemon.js";
import { type Client, greet } from "./net.js";
import { messages, Output, readShown } from "./shown.js";
import { until } from "./wait.js";

/** A client whose WTCH the daemon has accepted. */
export class Watcher {
  readonly client: Client;
  readonly pid: string;

  private constructor(client: Client, pid: string) {
    this.client = client;
    this.pid = pid;
  }

  /** @param words the arguments of WTCH */
  static async open(port: number, words = "", host?: string): Promise<Watcher> {
    const { client, pid } = await greet(port, host);
    client.write(`WTCH ${words}`.trim().concat("\n"));
    const answer = await client.line();
    if (!/^OK WTCH\b/.test(answer)) throw new Error(answer);
    return new Watcher(client, pid);
  }

  /** The complete lines so far. */
  get lines(): string[] {
    return this.client.bytes.toString("utf8").split("\n").slice(0, -1);
  }

  /** The lines of messages, each as `[LABEL] text`. */
  get messages(): string[] {
    return messages(readShown(this.lines));
  }

  /** Waits for so many lines of messages; returns all of them. */
  async received(count: number): Promise<string[]> {
    await until(() => this.messages.length >= count, `${count} messages`).catch((error) => {
      throw new Error(`${error}; there are:\n${this.lines.join("\n")}`);
    });
    return this.messages;
  }
}

/** A running `sockproxyd watch …` and its output. */
export class WatchCommand {
  readonly child: ChildProcess;
  readonly output: Output;
  readonly errors: Output;

  constructor(t: TestContext, ...args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, "watch", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.output = new Output(this.child.stdout as Readable);
    this.errors = new Output(this.child.stderr as Readable);
    this.child.unref();
    for (const pipe of [this.child.stdout, this.child.stderr]) (pipe as Socket | null)?.unref();
    t.after(() => this.child.kill("SIGKILL"));
  }
}
