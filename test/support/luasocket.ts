import { type ChildProcess, spawn } from "node:child_process";
import { until } from "./wait.js";

/** A process with the real LuaSocket. The test calls it line by line, see luasocket.lua. */
export class LuaSocket {
  static readonly #running = new Set<LuaSocket>();
  readonly #child: ChildProcess;
  #output = "";

  constructor() {
    this.#child = spawn("lua5.1", ["test/support/luasocket.lua"], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    LuaSocket.#running.add(this);
  }

  /** Makes one call; returns its results as Lua prints them, with tabs between and without trailing nils. */
  async call(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    await until(() => this.#output.includes("\n"), `LuaSocket to answer: ${line}`);
    const [answer = "", ...rest] = this.#output.split("\n");
    this.#output = rest.join("\n");
    return answer;
  }

  /** Ends the process, as a crash of the engine would. */
  kill(): void {
    this.#child.kill("SIGKILL");
    LuaSocket.#running.delete(this);
  }

  /** Ends all running processes, at the end of a test file. */
  static killAll(): void {
    for (const each of LuaSocket.#running) each.kill();
  }
}
