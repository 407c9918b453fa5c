// The processes of a run, and its folder: all of them are ended and removed with it, however it ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const STOP_LIMIT_MS = 10_000;
const running = new Set();

/** A folder for configurations and logs, removed at the end. */
export const folder = mkdtempSync(join(tmpdir(), "sockproxyd-bench-"));

process.on("exit", () => {
  for (const child of running) signal(child, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const [name, number] of [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
]) {
  process.on(name, () => process.exit(128 + number));
}

/** Signals the whole process group of a child: it and what it has forked. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/**
 * Starts a process, in a process group of its own, so that Ctrl-C is for the benchmark, which then ends it.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {number | undefined} core the only core it may run on; undefined: any
 * @param {import("node:child_process").StdioOptions} stdio
 * @returns {import("node:child_process").ChildProcess}
 */
export function start(command, args, core, stdio) {
  const pinned = core === undefined ? [command, ...args] : ["taskset", "-c", String(core), command, ...args];
  const child = spawn(pinned[0], pinned.slice(1), { stdio, detached: true });
  child.on("error", () => {}); // thrown here, and by what waits for its answers
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  running.add(child);
  child.once("exit", () => {
    signal(child, "SIGKILL"); // what it may have left
    running.delete(child);
  });
  return child;
}

/**
 * Ends a process that {@link start} has started, and waits for it.
 *
 * @param {import("node:child_process").ChildProcess} child
 */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  const timer = setTimeout(() => signal(child, "SIGKILL"), STOP_LIMIT_MS);
  signal(child, "SIGTERM");
  await exited;
  clearTimeout(timer);
}
