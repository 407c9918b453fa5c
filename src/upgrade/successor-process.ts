import type { ChildProcess } from "node:child_process";
import { type FromPredecessor, type FromSuccessor, fromSuccessor } from "../core/upgrade/messages.js";
import type { SocketHandle } from "../sockets/node-handle.js";
import type { Clock } from "../system/clock.js";

/** What the new process tells, once it has started, and that it has ended. */
export interface SuccessorOwner {
  told(message: FromSuccessor): void;
  /** @param how in words for the log */
  gone(how: string): void;
}

/** The new process, as the old one sees it. */
export class SuccessorProcess {
  /** Set once it has started. */
  owner: SuccessorOwner | undefined;
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
    else this.owner?.told(message);
  }

  #gone(how: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#waiting !== undefined) this.#told({ kind: "failed", message: how });
    else this.owner?.gone(how);
  }
}
