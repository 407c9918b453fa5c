import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

/** Runs `openssl` to its end. */
export function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync("openssl", args);
  assert.equal(status, 0, stderr.toString());
}

/** A running `openssl`; its input is what its peer gets. */
export class Openssl {
  readonly #child: ChildProcess;
  /** What it has printed: what its peer has sent, and its own words. */
  output = "";
  exited = false;

  constructor(t: TestContext, args: readonly string[]) {
    this.#child = spawn("openssl", args, { stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString("latin1");
      });
    }
    this.#child.stdin?.on("error", () => {});
    this.#child.on("exit", () => {
      this.exited = true;
    });
    t.after(() => this.#child.kill("SIGKILL"));
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Sends FIN, behind its close_notify. */
  end(): void {
    this.#child.stdin?.end();
  }

  /** Waits until it has printed this. */
  async says(text: string | RegExp): Promise<void> {
    const found = (): boolean => (typeof text === "string" ? this.output.includes(text) : text.test(this.output));
    await until(() => found() || this.exited, `openssl to print ${text}; it has printed: ${this.output}`);
    assert.ok(found(), `openssl has ended without ${text}: ${this.output}`);
  }
}

/** A TLS server of the command line: what it is sent, it prints. */
export async function tlsServer(t: TestContext, ...args: string[]): Promise<Openssl & { readonly port: number }> {
  const port = await freePort();
  const server = new Openssl(t, ["s_server", "-accept", `127.0.0.1:${port}`, ...args]);
  await server.says("ACCEPT");
  return Object.assign(server, { port });
}
