import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.js";
import { PATIENCE_MS } from "./wait.js";

/** The program in one file, as packages hold it: it starts in half the time of the modules in dist/, which coverage needs. */
export const MAIN =
  process.env["SOCKPROXYD_MAIN"] ?? fileURLToPath(new URL("../../../build/sockproxyd.cjs", import.meta.url));

/** The option of Node.js that `npm start` and the init script run the daemon with. */
const SMALL_HEAP = "--max-semi-space-size=2";

/** A running daemon, in a process of its own or in that of the test. */
export interface RunningDaemon {
  /** The proxy's own port. */
  readonly port: number;
  /** The output of the monitor. */
  readonly stdout: Readable;
  /** The log so far, unless it goes to a file. */
  log(): string;
  /** Stops the daemon in good order and returns its exit status; in the test's own process that is 0. */
  stop(): Promise<number | null>;
  /** Ends the daemon without waiting for it, after a test. */
  discard(): void;
}

/** Starts a daemon with command-line arguments. */
export type StartDaemon<D extends RunningDaemon> = (...args: string[]) => Promise<D>;

/** The daemon in a process of its own, as users run it. */
export interface DaemonProcess extends RunningDaemon {
  readonly child: ChildProcess;
  /** Ends it by a signal and returns its exit status; kills it when that takes longer than {@link PATIENCE_MS}. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts `node --max-semi-space-size=2 dist/main.js -p <free port> …` and waits until it listens. The start costs a third of a second of a core. A test that
 * does not need the process itself (signals, exit status, memory) calls `startHere`.
 *
 * @param args further arguments
 */
export function startDaemon(...args: string[]): Promise<DaemonProcess> {
  return startDaemonUnder([], args);
}

/**
 * As {@link startDaemon}, with another program (`prlimit`, `unshare`) that executes the daemon.
 *
 * @param started resolves once the daemon has started, for a daemon whose port does not show it
 */
export async function startDaemonUnder(
  runner: readonly string[],
  args: readonly string[],
  started: (port: number) => Promise<void> = portAnswers,
): Promise<DaemonProcess> {
  const port = await freePort();
  const [command = "", ...rest] = [...runner, process.execPath, SMALL_HEAP, MAIN, "-p", String(port), ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  endWithTests(child);
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const exited = once(child, "exit");
  await Promise.race([
    started(port),
    exited.then(([status]) => {
      throw new Error(`the daemon ended with ${status}: ${text}`);
    }),
  ]);
  return {
    port,
    child,
    stdout: child.stdout,
    log: () => text,
    discard: () => void child.kill("SIGKILL"),
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null) child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
      const [status] = child.exitCode === null ? await exited : [child.exitCode];
      clearTimeout(timer);
      return status;
    },
  };
}

/** Lets a test file end together with its child process, even if a failed test has left the child running. */
function endWithTests(child: ChildProcess): void {
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  child.on("exit", () => process.off("exit", kill));
}

/** Resolves once the port accepts connections; fails after {@link PATIENCE_MS}. */
export async function portAnswers(port: number, host = "127.0.0.1"): Promise<void> {
  const limit = Date.now() + PATIENCE_MS;
  for (;;) {
    const socket = connect(port, host);
    try {
      await once(socket, "connect");
      const self = socket.localPort === port; // without a listener the kernel may connect a socket to itself
      socket.destroy();
      if (self) continue;
      return;
    } catch (error) {
      if (Date.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
