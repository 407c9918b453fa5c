import type { Dispatcher } from "undici";
import { judgeAnswer } from "../core/notify/notification.js";
import type { RequestOutcome } from "../core/notify/notification-pacer.js";
import type { Clock, Timer } from "../system/clock.js";

/** Longest time for a request, from connecting to the end of its answer, in milliseconds. */
export const TIMEOUT_MS = 5000;
const MAX_BODY_START = 256;
const MAX_BODY = 1_048_576; // an action's answer is some hundred bytes; no engine may keep us reading for ever

/** Socket errors that a kept connection shows when the engine has dropped it meanwhile. */
const STALE = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** How a request ended, and what to say of it. */
export interface Answer {
  readonly outcome: RequestOutcome;
  /** Whether the engine has answered at all, be it with an error. */
  readonly answered: boolean;
  readonly text: string;
}

/** One HTTP exchange: reads the answer to its end and judges it, within the time limit. */
export class LuupExchange implements Dispatcher.DispatchHandler {
  readonly #leaving: () => void;
  readonly done: (answer: Answer, stale: boolean) => void;
  readonly #onKept: () => boolean;
  readonly #timer: Timer;
  #controller: Dispatcher.DispatchController | undefined;
  #kept = false;
  #ended = false;
  #status = 0;
  #bodyStart = Buffer.alloc(0);
  #bodyBytes = 0;

  /**
   * @param leaving called when the request leaves
   * @param onKept tells, when the request leaves, whether it does so on a connection kept from an earlier one
   * @param done told how it ended, and whether that is the fault of a kept connection that was dead
   */
  constructor(clock: Clock, leaving: () => void, onKept: () => boolean, done: LuupExchange["done"]) {
    this.#leaving = leaving;
    this.#onKept = onKept;
    this.done = done;
    this.#timer = clock.after(TIMEOUT_MS, () => {
      this.#end({ outcome: "timed-out", answered: false, text: `no answer within ${TIMEOUT_MS / 1000} s` });
      this.#controller?.abort(new Error("timed out"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#kept = this.#onKept();
    if (this.#ended) controller.abort(new Error("given up"));
    else this.#leaving();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const missing = MAX_BODY_START - this.#bodyStart.length;
    if (missing > 0) this.#bodyStart = Buffer.concat([this.#bodyStart, chunk.subarray(0, missing)]);
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= MAX_BODY) return;
    this.#judge();
    controller.abort(new Error("answer too long"));
  }

  onResponseEnd(): void {
    this.#judge();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: NodeJS.ErrnoException): void {
    const stale = this.#kept && this.#status === 0 && STALE.has(error.code ?? "");
    this.#end({ outcome: "failed", answered: false, text: error.message || (error.code ?? "unknown error") }, stale);
  }

  #judge(): void {
    const verdict = judgeAnswer(this.#status, this.#bodyStart.toString("utf8"));
    if (verdict.kind === "delivered") this.#end({ outcome: "delivered", answered: true, text: "delivered" });
    else
      this.#end({ outcome: verdict.kind === "rejected" ? "rejected" : "failed", answered: true, text: verdict.answer });
  }

  #end(answer: Answer, stale = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.cancel();
    this.done(answer, stale);
  }
}
