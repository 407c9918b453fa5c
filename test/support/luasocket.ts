import assert from "node:assert/strict";
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

  /** Plays the start of every plugin: connect, greeting, CONN. Returns the pid. */
  async connectAsPlugin(proxy: number, device: number, options: string): Promise<string> {
    assert.equal(await this.call(`connect 127.0.0.1 ${proxy}`), "1");
    await this.call("timeout 5");
    const greeting = JSON.parse(await this.call("receive *l"));
    assert.match(greeting, /^OK TOGGLEDBITS-SOCKPROXY 1 [0-9a-f]+$/);
    assert.match(await this.call(`send CONN 127.0.0.1:${device} ${options}\\n`), /^\d+$/);
    const pid = /^"OK CONN (\S+)"$/.exec(await this.call("receive *l"))?.[1];
    assert.ok(pid !== undefined);
    return pid;
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
