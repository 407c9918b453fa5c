import type { Dispatcher } from "undici";
import type { Clock, Timer } from "../system/clock.js";
import type { DeliveryResult } from "./notification-way.js";

/** Longest time of an exchange, from connecting to the end of the response, in milliseconds. */
export const TIMEOUT_MS = 5000;
const MAX_BODY_START = 256; // bytes that are judged: an engine says at the beginning what is wrong
const MAX_BODY = 1_048_576; // an action's answer has some hundred bytes; no engine may keep us reading for ever

/** Errors of a kept connection that the engine has closed meanwhile. */
const STALE_ERRORS = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** How a request has ended. It was sent where a connection to the server was there. */
export interface ExchangeResult extends DeliveryResult {
  /** Whether the server has responded at all, be it with an error. */
  readonly hasResponse: boolean;
}

/** The headers of an answer, with their names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What an answer means. @param bodyStart the start of the body, decoded */
export type JudgeAnswer = (
  status: number,
  bodyStart: string,
  headers: AnswerHeaders,
) => Omit<ExchangeResult, "hasResponse" | "wasSent">;

/** What an exchange asks, and tells, its owner. */
export interface HttpExchangeOwner {
  /** Asked when the request leaves: whether its connection was kept from an earlier one. */
  isConnectionKept(): boolean;
  /** The request leaves now. */
  sent(): void;
  /** @param isStale whether the failure is that of a kept connection which was dead already: to be repeated at once */
  finished(result: ExchangeResult, isStale: boolean): void;
}

/** One HTTP request and its response, within {@link TIMEOUT_MS}. Reads the response to its end and judges it. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #judge: JudgeAnswer;
  readonly #owner: HttpExchangeOwner;
  readonly #timer: Timer;
  #controller: Dispatcher.DispatchController | undefined;
  #isConnectionKept = false;
  #wasSent = false;
  #isFinished = false;
  #status = 0;
  #headers: AnswerHeaders = {};
  #bodyStart = Buffer.alloc(0);
  #bodyBytes = 0;

  constructor(clock: Clock, judge: JudgeAnswer, owner: HttpExchangeOwner) {
    this.#judge = judge;
    this.#owner = owner;
    this.#timer = clock.after(TIMEOUT_MS, () => {
      this.#finish({ outcome: "timed-out", hasResponse: false, text: `no answer within ${TIMEOUT_MS / 1000} s` });
      this.#controller?.abort(new Error("timed out"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#isConnectionKept = this.#owner.isConnectionKept();
    if (this.#isFinished) controller.abort(new Error("given up"));
    else {
      this.#wasSent = true;
      this.#owner.sent();
    }
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const missing = MAX_BODY_START - this.#bodyStart.length;
    if (missing > 0) this.#bodyStart = Buffer.concat([this.#bodyStart, chunk.subarray(0, missing)]);
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= MAX_BODY) return;
    this.#answered();
    controller.abort(new Error("answer too long"));
  }

  onResponseEnd(): void {
    this.#answered();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: NodeJS.ErrnoException): void {
    const { code = "", message } = error;
    const isStale = this.#isConnectionKept && this.#status === 0 && STALE_ERRORS.has(code);
    this.#finish({ outcome: "failed", hasResponse: false, text: message || code || "unknown error" }, isStale);
  }

  #answered(): void {
    const judgement = this.#judge(this.#status, this.#bodyStart.toString("utf8"), this.#headers);
    this.#finish({ ...judgement, hasResponse: true });
  }

  #finish(result: Omit<ExchangeResult, "wasSent">, isStale = false): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#timer.cancel();
    this.#owner.finished({ ...result, wasSent: this.#wasSent }, isStale);
  }
}
