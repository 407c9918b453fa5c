// The processes and the folder of a run. However the run ends, it ends the processes and removes the folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const STOP_LIMIT_MS = 10_000;
const running = new Set();

/** The folder for configurations and logs; the end of the run removes it. */
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

/** Signals the process group of a child: the child and what it has forked. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/**
 * Starts a process in a process group of its own: Ctrl-C reaches only the benchmark, which then ends the process.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {number | undefined} core the only core that the process may use; undefined means any core
 * @param {import("node:child_process").StdioOptions} stdio
 * @returns {import("node:child_process").ChildProcess}
 */
export function start(command, args, core, stdio) {
  const pinned = core === undefined ? [command, ...args] : ["taskset", "-c", String(core), command, ...args];
  const child = spawn(pinned[0], pinned.slice(1), { stdio, detached: true });
  child.on("error", () => {}); // thrown below, and by the caller that waits for answers
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  running.add(child);
  child.once("exit", () => {
    signal(child, "SIGKILL"); // ends processes that it has left behind
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
