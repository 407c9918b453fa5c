import type { Dispatcher } from "undici";
import { judgeAnswer } from "../core/notify/notification.js";
import type { Clock, Timer } from "../system/clock.js";
import type { DeliveryResult } from "./notification-way.js";

/** Longest time of an exchange, from connecting to the end of the response, in milliseconds. */
export const TIMEOUT_MS = 5000;
const MAX_BODY_START = 256; // bytes that are judged: an engine says at the beginning what is wrong
const MAX_BODY = 1_048_576; // an action's answer has some hundred bytes; no engine may keep us reading for ever

/** Errors of a kept connection that the engine has closed meanwhile. */
const STALE_ERRORS = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** How an exchange has ended. It was sent where a connection to the engine was there. */
export interface ExchangeResult extends DeliveryResult {
  /** Whether the engine has responded at all, be it with an error. */
  readonly hasResponse: boolean;
}

/** What an exchange asks, and tells, its owner. */
export interface LuupExchangeEvents {
  /** Asked when the request leaves: whether its connection was kept from an earlier one. */
  isConnectionKept(): boolean;
  /** The request leaves now. */
  sent(): void;
  /** @param isStale whether the failure is that of a kept connection which was dead already: to be repeated at once */
  finished(result: ExchangeResult, isStale: boolean): void;
}

/** One HTTP request and its response, within {@link TIMEOUT_MS}. Reads the response to its end and judges it. */
export class LuupExchange implements Dispatcher.DispatchHandler {
  readonly #events: LuupExchangeEvents;
  readonly #timer: Timer;
  #controller: Dispatcher.DispatchController | undefined;
  #isConnectionKept = false;
  #wasSent = false;
  #isFinished = false;
  #status = 0;
  #bodyStart = Buffer.alloc(0);
  #bodyBytes = 0;

  constructor(clock: Clock, events: LuupExchangeEvents) {
    this.#events = events;
    this.#timer = clock.after(TIMEOUT_MS, () => {
      this.#finish({ outcome: "timed-out", hasResponse: false, text: `no answer within ${TIMEOUT_MS / 1000} s` });
      this.#controller?.abort(new Error("timed out"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#isConnectionKept = this.#events.isConnectionKept();
    if (this.#isFinished) controller.abort(new Error("given up"));
    else {
      this.#wasSent = true;
      this.#events.sent();
    }
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
    const { code = "", message } = error;
    const isStale = this.#isConnectionKept && this.#status === 0 && STALE_ERRORS.has(code);
    this.#finish({ outcome: "failed", hasResponse: false, text: message || code || "unknown error" }, isStale);
  }

  #judge(): void {
    const verdict = judgeAnswer(this.#status, this.#bodyStart.toString("utf8"));
    if (verdict.kind === "delivered") this.#finish({ outcome: "delivered", hasResponse: true, text: "delivered" });
    else {
      const outcome = verdict.kind === "rejected" ? "rejected" : "failed";
      this.#finish({ outcome, hasResponse: true, text: verdict.answer });
    }
  }

  #finish(result: Omit<ExchangeResult, "wasSent">, isStale = false): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#timer.cancel();
    this.#events.finished({ ...result, wasSent: this.#wasSent }, isStale);
  }
}
