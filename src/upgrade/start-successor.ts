import { type ChildProcess, execFile, spawn } from "node:child_process";
import { fail, ok, type Result } from "../core/parse/result.js";
import { failureText } from "../core/upgrade/failure-text.js";
import {
  type FromPredecessor,
  type FromSuccessor,
  fromSuccessor,
  type HandedSocket,
  UPGRADE_PROTOCOL,
} from "../core/upgrade/messages.js";
import type { SocketHandle } from "../sockets/node-handle.js";
import type { Clock } from "../system/clock.js";
import { VERSION } from "../version.js";
import { UPGRADE_VARIABLE } from "./successor.js";

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

/** What the new process tells, once it has started, and that it has ended. */
export interface SuccessorEvents {
  told(message: FromSuccessor): void;
  /** @param how in words for the log */
  gone(how: string): void;
}

/** The new process, as the old one sees it. */
export class NextProcess {
  /** Set once it has started. */
  events: SuccessorEvents | undefined;
  /** Of the program, once it is ready. */
  version = "";
  readonly #child: ChildProcess;
  #waiting: ((message: FromSuccessor) => void) | undefined;
  #isGone = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: unknown) => this.#told(fromSuccessor(message)));
    child.on("error", ({ message }) => this.#gone(`it cannot be started: ${message}`));
    child.on("exit", (status, signal) =>
      this.#gone(`it has ended with ${status === null ? signal : `status ${status}`}`),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: FromPredecessor, handle?: SocketHandle): void {
    // what cannot be sent is what a process that is gone does not get: its end is told
    if (this.#child.connected) this.#child.send(message, handle as never, { keepOpen: true }, () => {});
  }

  /** The next message, unless the process is slow, or ends. */
  next(limitMs: number, clock: Clock): Promise<FromSuccessor> {
    return new Promise((resolve) => {
      const limit = clock.after(limitMs, () =>
        this.#told({ kind: "failed", message: `it is not there after ${Math.round(limitMs / 1000)} s` }),
      );
      this.#waiting = (message) => {
        limit.cancel();
        resolve(message);
      };
    });
  }

  /** Ends it at once. */
  kill(): void {
    this.#isGone = true;
    this.#child.kill("SIGKILL");
    this.#leave();
  }

  /** Lets it go on alone. */
  leave(): void {
    this.#isGone = true;
    this.#leave();
  }

  #leave(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
  }

  #told(message: FromSuccessor): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting(message);
    else this.events?.told(message);
  }

  #gone(how: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#waiting !== undefined) this.#told({ kind: "failed", message: how });
    else this.events?.gone(how);
  }
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
export async function startSuccessor(inheritance: Inheritance, clock: Clock): Promise<Result<NextProcess>> {
  const { sockets, late, environment } = inheritance;
  const limitAt = clock.now() + READY_MS;
  const problem = await problemOnDisk(READY_MS);
  if (problem !== undefined) return fail(`the new version does not start: ${problem}`);
  const child = spawn(process.execPath, commandLine(), {
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc", ...sockets.map(({ fd }) => fd)],
    env: { ...process.env, ...environment, [UPGRADE_VARIABLE]: String(UPGRADE_PROTOCOL) },
  });
  const next = new NextProcess(child);
  const handed = sockets.map((socket, index) => ({ ...socket, fd: CHANNEL_FD + 1 + index }));
  next.send({ kind: "sockets", protocol: UPGRADE_PROTOCOL, version: VERSION, sockets: handed, late });
  const ready = await next.next(Math.max(1, limitAt - clock.now()), clock);
  const refusal = ready.kind === "ready" ? strangeVersion(ready.protocol) : whyNot(ready);
  if (refusal !== undefined) return refused(next, refusal);
  if (ready.kind === "ready") next.version = ready.version;
  next.send({ kind: "listen" });
  const started = await next.next(STARTED_MS, clock);
  return started.kind === "started" ? ok(next) : refused(next, whyNot(started));
}

function refused(next: NextProcess, reason: string): Result<NextProcess> {
  next.kill();
  return fail(`the new version does not start: ${reason}`);
}

function whyNot(message: FromSuccessor): string {
  return message.kind === "failed" ? message.message : `it says "${message.kind}" where nobody expects that`;
}

function strangeVersion(protocol: number): string | undefined {
  return protocol === UPGRADE_PROTOCOL ? undefined : `it takes over in another way (${protocol}): restart the daemon`;
}
