import { execFile, spawn } from "node:child_process";
import { fail, ok, type Result } from "../core/parse/result.js";
import { failureText } from "../core/upgrade/failure-text.js";
import { type FromSuccessor, type HandedSocket, UPGRADE_PROTOCOL } from "../core/upgrade/messages.js";
import { UPGRADE_VARIABLE } from "../core/upgrade/upgrade-variable.js";
import type { Clock } from "../system/clock.js";
import { VERSION } from "../version.js";
import { SuccessorProcess } from "./successor-process.js";

/** The new version has so long until it is ready to serve; longer, and nothing has happened. */
const READY_MS = 10_000;
/** And so long, from then on, to listen and to be known to the service manager (`systemd-notify` waits for 5 s at most). */
const STARTED_MS = 10_000;
/** It hears what is handed over in this descriptor, the first behind those of every program; the sockets come behind it. */
const CHANNEL_FD = 3;
const MAX_STDERR_BYTES = 1 << 20;

/** What the new process gets. */
export interface Inheritance {
  /** Their descriptors are those of this process. */
  readonly sockets: readonly HandedSocket[];
  readonly late: readonly string[];
  /** Besides what this process has in its own environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What this process was started with, behind the program: another one starts in the same way. */
function commandLine(): string[] {
  return [...process.execArgv, ...process.argv.slice(1)];
}

/** Why the program on disk does not start, or does not take its configuration; undefined: nothing is wrong with either. */
function problemOnDisk(limitMs: number): Promise<string | undefined> {
  const [, , first = "-"] = process.argv;
  const words = first.startsWith("-")
    ? [...commandLine(), "--check"]
    : [...process.execArgv, process.argv[1] ?? "", "--version"];
  const options = { timeout: limitMs, killSignal: "SIGKILL", maxBuffer: MAX_STDERR_BYTES } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, words, options, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined);
      else if (error.killed) resolve(`it says nothing within ${Math.round(limitMs / 1000)} s`);
      else resolve(failureText(stderr, error.message));
    });
  });
}

/**
 * Starts the program that is on disk now as this one was started, and waits until it listens, beside this one.
 *
 * @returns the new process; or why there is none: then nothing has changed
 */
export async function startSuccessor(inheritance: Inheritance, clock: Clock): Promise<Result<SuccessorProcess>> {
  const { sockets, late, environment } = inheritance;
  const limitAt = clock.now() + READY_MS;
  const problem = await problemOnDisk(READY_MS);
  if (problem !== undefined) return fail(`the new version does not start: ${problem}`);
  const child = spawn(process.execPath, commandLine(), {
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc", ...sockets.map(({ fd }) => fd)],
    env: { ...process.env, ...environment, [UPGRADE_VARIABLE]: String(UPGRADE_PROTOCOL) },
  });
  const successor = new SuccessorProcess(child);
  const handed = sockets.map((socket, index) => ({ ...socket, fd: CHANNEL_FD + 1 + index }));
  successor.send({ kind: "sockets", protocol: UPGRADE_PROTOCOL, version: VERSION, sockets: handed, late });
  const ready = await successor.next(Math.max(1, limitAt - clock.now()), clock);
  const refusal = ready.kind === "ready" ? strangeVersion(ready.protocol) : whyNot(ready);
  if (refusal !== undefined) return refused(successor, refusal);
  if (ready.kind === "ready") successor.version = ready.version;
  successor.send({ kind: "listen" });
  const started = await successor.next(STARTED_MS, clock);
  return started.kind === "started" ? ok(successor) : refused(successor, whyNot(started));
}

function refused(successor: SuccessorProcess, reason: string): Result<SuccessorProcess> {
  successor.kill();
  return fail(`the new version does not start: ${reason}`);
}

function whyNot(message: FromSuccessor): string {
  return message.kind === "failed" ? message.message : `it says "${message.kind}" where nobody expects that`;
}

function strangeVersion(protocol: number): string | undefined {
  return protocol === UPGRADE_PROTOCOL ? undefined : `it takes over in another way (${protocol}): restart the daemon`;
}
