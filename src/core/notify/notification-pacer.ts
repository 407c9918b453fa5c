import { type Backoff, backoffMs } from "../limits/backoff.js";
import type { PacerState } from "../upgrade/session-state.js";

/** How a request for a notification ended. */
export type RequestOutcome =
  | "delivered"
  /** The engine refuses it for ever. */
  | "rejected"
  /** The action did not run: repeat. */
  | "failed"
  /** The action may be running: repeat, and keep the pace. */
  | "timed-out";

/** What the caller does now: send a request, ask again at `until` (milliseconds of its clock), or nothing before the next event. */
export type PacerStep =
  | { readonly kind: "send" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "idle" };

/**
 * What a request tells: that data waits, one of the notices that wait, or the end of the connection. A notice is anything else that happens
 * to a connection.
 */
export type RequestKind = "data" | "notice" | "final";

/** Times in milliseconds. */
export interface PacerRules {
  /** Least time between two data notifications of one connection (option PACE). */
  readonly paceMs: number;
  readonly backoff: Backoff;
  /** How long the pacer repeats a final notification that fails. */
  readonly finalRetryMs: number;
}

const SEND: PacerStep = { kind: "send" };
const IDLE: PacerStep = { kind: "idle" };

/**
 * Decides when the notifications of one connection go out (docs/plugins.md). The first one leaves at once, later ones keep the pace. Every
 * byte is announced. One request is in flight at a time; a failed one is repeated with backoff. Notices go in front of data and ignore the
 * pace. One final notification follows the end of the connection, behind the notices, and ignores the pace, too.
 *
 * The caller passes the time in, as milliseconds of any steady clock, and asks {@link next} after each event.
 */
export class NotificationPacer {
  readonly #rules: PacerRules;
  #phase: "open" | "final" | "done" = "open";
  #request: "none" | "queued" | "sent" = "none";
  #requestKind: RequestKind = "data";
  /** Notices that no request has told yet, the current one included. */
  #notices = 0;
  /** Data has come that no request covers yet. */
  #unannounced = false;
  /** The pace allows no data notification before. */
  #pacedUntil = Number.NEGATIVE_INFINITY;
  /** The backoff allows no repetition before. */
  #retryAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #attempt = 0;
  #giveUpAt = Number.POSITIVE_INFINITY;

  constructor(rules: PacerRules) {
    this.#rules = rules;
  }

  /** The pacer will never send again. */
  get done(): boolean {
    return this.#phase === "done";
  }

  /** The connection has ended, and its final notification is still to be delivered or given up. */
  get finalPending(): boolean {
    return this.#phase === "final";
  }

  /** What the current request tells. It may change until the request leaves. */
  get requestKind(): RequestKind {
    return this.#requestKind;
  }

  /** What another process needs to go on; undefined while a request is on its way, or once the connection ends. */
  stateAt(now: number): PacerState | undefined {
    if (this.#request === "sent" || this.#phase !== "open") return undefined;
    return {
      unannounced: this.#unannounced,
      pacedForMs: Math.max(0, this.#pacedUntil - now),
      retryInMs: Math.max(0, this.#retryAt - now),
      attempt: this.#attempt,
    };
  }

  /** Goes on where another process has been. @param notices that are to be told */
  restore({ unannounced, pacedForMs, retryInMs, attempt }: PacerState, notices: number, now: number): void {
    this.#notices = notices;
    this.#unannounced = unannounced;
    this.#pacedUntil = now + pacedForMs;
    this.#retryAt = now + retryInMs;
    this.#failedAt = now;
    this.#attempt = attempt;
  }

  /** A request that has not left yet has been taken back. */
  takeBack(): void {
    if (this.#request !== "queued") return;
    this.#request = "none";
    this.#requestKind = "data";
  }

  /** There is a notice to be told. */
  noticeAdded(): void {
    if (this.#phase !== "done") this.#notices += 1;
  }

  /** The last notice, which is not the current request, is not to be told any more. */
  noticeDropped(): void {
    this.#notices -= 1;
  }

  /** The daemon has written data to the plugin's socket. */
  dataWritten(): void {
    if (this.#phase === "open") this.#unannounced = true;
  }

  /** The connection has ended: the final notification is due at once. It covers unannounced data, too. */
  connectionEnded(now: number): void {
    if (this.#phase !== "open") return;
    this.#phase = "final";
    this.#unannounced = false;
    this.#attempt = 0;
    this.#retryAt = now;
    this.#giveUpAt = now + this.#rules.finalRetryMs;
    if (this.#request === "queued" && this.#requestKind === "data") this.#requestKind = this.#nextKind; // it has not left
  }

  /** Data still waits in the plugin's socket: announce it again, even after the end of the connection. */
  remind(now: number): void {
    this.dataWritten();
    if (this.#phase !== "done") return;
    this.#phase = "final";
    this.#retryAt = now;
    this.#giveUpAt = now + this.#rules.finalRetryMs;
  }

  /** Sends nothing more, whatever is still to be announced. */
  giveUp(): void {
    this.#phase = "done";
  }

  /** The engine answers again: a repetition waits for the first backoff only. */
  retrySoon(): void {
    this.#retryAt = Math.min(this.#retryAt, this.#failedAt + this.#rules.backoff.firstMs);
  }

  /** What to do now. After `send` the caller queues a request and reports {@link sent} and {@link finished}. */
  next(now: number): PacerStep {
    if (this.#request !== "none" || this.#phase === "done") return IDLE;
    const kind = this.#nextKind;
    if (kind === "data" && !this.#unannounced) return IDLE;
    const until = kind === "data" ? Math.max(this.#pacedUntil, this.#retryAt) : this.#retryAt;
    if (now < until) return { kind: "wait", until };
    this.#request = "queued";
    this.#requestKind = kind;
    return SEND;
  }

  get #nextKind(): RequestKind {
    if (this.#notices > 0) return "notice";
    return this.#phase === "final" ? "final" : "data";
  }

  /** The request has left: data from now on needs another request, one pace later. */
  sent(now: number): void {
    this.#request = "sent";
    if (this.#requestKind === "notice") return;
    this.#unannounced = false;
    this.#pacedUntil = now + this.#rules.paceMs;
  }

  /**
   * The request has ended.
   *
   * @param random a number from 0 (inclusive) to 1 (exclusive), for the jitter of the backoff
   * @param retryAfterMs a repetition waits for so long at least, be it beyond the time for the final notification
   */
  finished(outcome: RequestOutcome, now: number, random: number, retryAfterMs = 0): void {
    const kind = this.#requestKind;
    this.#request = "none";
    this.#requestKind = "data";
    if (outcome === "delivered" || outcome === "rejected") {
      this.#attempt = 0;
      if (kind === "notice") this.#notices -= 1;
      if (kind === "final") this.#phase = "done";
      return;
    }
    this.#failedAt = now;
    if (kind === "data") {
      if (outcome === "failed") this.#pacedUntil = Number.NEGATIVE_INFINITY;
      if (this.#phase !== "open") return; // the final notification is due in any case
      this.#unannounced = true;
    }
    this.#attempt += 1;
    this.#retryAt = now + Math.max(backoffMs(this.#rules.backoff, this.#attempt, random), retryAfterMs);
    if (retryAfterMs > 0) this.#giveUpAt = Math.max(this.#giveUpAt, now + retryAfterMs);
    if (this.#phase !== "final" || this.#retryAt <= this.#giveUpAt) return;
    if (now < this.#giveUpAt)
      this.#retryAt = this.#giveUpAt; // the last attempt
    else this.#phase = "done";
  }
}
