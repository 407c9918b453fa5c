import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

const SOURCE =
  "const held=[];require('node:net').createServer(s=>{s.on('error',()=>{});held.push(s)})" +
  ".listen({port:+process.argv[1],host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})";
const FILLERS = 4; // more connections than the accept queue holds

/** A server that swallows connections: a stopped program with a full accept queue. It accepts them after its release. */
export class BlackHole {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #fillers: Socket[] = [];

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async open(t: TestContext): Promise<BlackHole> {
    const child = spawn(process.execPath, ["-e", SOURCE, String(await freePort())], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const hole = new BlackHole(Number(text.toString()), child);
    t.after(() => {
      for (const filler of hole.#fillers) filler.destroy();
      child.kill("SIGKILL");
    });
    return hole;
  }

  /** Swallows connections from now on. */
  async close(): Promise<void> {
    this.#child.kill("SIGSTOP");
    let connected = 0;
    for (let count = 0; count < FILLERS; count += 1) {
      const filler = connect(this.port, "127.0.0.1", () => {
        connected += 1;
      });
      filler.on("error", () => {});
      this.#fillers.push(filler);
    }
    await until(() => connected >= 2, "the queue to be full");
  }

  /** Accepts connections again. */
  release(): void {
    this.#child.kill("SIGCONT");
  }
}
