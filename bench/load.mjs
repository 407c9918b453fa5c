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
   * Starts the load process.
   *
   * @param {number | undefined} core the only core it may run on
   * @returns {Promise<Load>} with `ports`, the ports of its backends: `{ bulk: number, echo: number[], devices: { fast: number,
   *   slow: number, slowBeside: number } }`; `files`, the number of files that it may open
   */
  static async start(core) {
    const load = new Load();
    if (spawnSync("python3", ["--version"]).status !== 0)
      throw new Error("python3 is not installed; the load process needs it");
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
   * Calls a function of the load process and waits for its result.
   *
   * @param {string} call the name of the function in load/main.py
   * @param {object} args the arguments of the function, by name
   * @param {number} seconds the time limit
   * @returns {Promise<object>} what the function returns, and `cpu`: CPU seconds of the load process
   */
  async call(call, args, seconds) {
    this.#child.stdin.write(`${JSON.stringify({ call, ...args })}\n`);
    return this.#answer(call, seconds * 1000);
  }

  /** Waits for the next line of the load process. */
  async #answer(what, ms) {
    const { value } = await within(Promise.race([this.#lines.next(), this.#failure]), `answer of ${what}`, ms);
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(`${what}: ${answer.error}`);
    return answer;
  }
}
