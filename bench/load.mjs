import { spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { start } from "./processes.mjs";
import { within } from "./wait.mjs";

const MAIN = fileURLToPath(new URL("load/main.py", import.meta.url));
const START_LIMIT_MS = 10_000;

/** The load process: backends and clients. See load/main.py. */
export class Load {
  #child;
  #lines;
  #failure;

  /**
   * Starts it.
   *
   * @param {number | undefined} core the only core it may run on
   * @returns {Promise<Load>} with `ports`: of its backends, `{ bulk: number, echo: number[], devices: { fast: number,
   *   slow: number, slowBeside: number } }`; `files`: how many files it may have open
   */
  static async start(core) {
    const load = new Load();
    if (spawnSync("python3", ["--version"]).status !== 0)
      throw new Error("the load needs python3, which is not installed");
    load.#child = start("python3", ["-B", MAIN], core, ["pipe", "pipe", "inherit"]);
    load.#lines = createInterface({ input: load.#child.stdout })[Symbol.asyncIterator]();
    load.#failure = new Promise((_, reject) => {
      load.#child.once("error", reject);
      load.#child.once("exit", (status) => reject(new Error(`the load process has ended with status ${status}`)));
    });
    load.#failure.catch(() => {});
    const { bulk, echo, devices, files } = await load.#answer("the load process", START_LIMIT_MS);
    load.ports = { bulk, echo, devices };
    load.files = files;
    return load;
  }

  /**
   * Has it do something.
   *
   * @param {string} call what, as named in load/main.py
   * @param {object} args of that function, by name
   * @param {number} seconds how long it may take
   * @returns {Promise<object>} what it returns, and `cpu`: seconds of CPU it took the load process
   */
  async call(call, args, seconds) {
    this.#child.stdin.write(`${JSON.stringify({ call, ...args })}\n`);
    return this.#answer(call, seconds * 1000);
  }

  /** Waits for its next line. */
  async #answer(what, ms) {
    const { value } = await within(Promise.race([this.#lines.next(), this.#failure]), what, ms);
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(`${what}: ${answer.error}`);
    return answer;
  }
}
