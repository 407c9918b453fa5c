import { type Backoff, backoffMs } from "../limits/backoff.js";

/** How a request for a notification ended. */
export type RequestOutcome =
  | "delivered"
  /** It will never succeed as it stands. */
  | "rejected"
  /** It has not been carried out; try again. */
  | "failed"
  /** Nobody knows whether it was carried out; try again, but keep the pace. */
  | "timed-out";

/** What is to be done now: send a request, wait until a moment (milliseconds of the caller's clock), or nothing. */
export type PacerStep =
  | { readonly kind: "send" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "rest" };

export interface PacerRules {
  /** Data notifications of one connection are at least this far apart, in milliseconds. */
  readonly paceMs: number;
  readonly backoff: Backoff;
  /** How long a final notification is tried, in milliseconds. */
  readonly finalRetryMs: number;
}

const SEND: PacerStep = { kind: "send" };
const REST: PacerStep = { kind: "rest" };

/**
 * Decides when one connection's notifications go out: the first at once, then not faster than the pace, nothing left
 * unannounced, one request at a time, failed ones repeated with back-off, and one final notification that waits for no pace.
 *
 * Pure: the caller passes the time in (milliseconds of any steady clock) and asks {@link next} after each event.
 */
export class NotificationPacer {
  readonly #rules: PacerRules;
  #phase: "open" | "final" | "done" = "open";
  #request: "none" | "queued" | "sent" = "none";
  /** The request under way is the final one. */
  #requestIsFinal = false;
  #unannounced = false;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #retryAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #attempt = 0;
  #giveUpAt = Number.POSITIVE_INFINITY;

  constructor(rules: PacerRules) {
    this.#rules = rules;
  }

  /** Nothing more will ever be sent. */
  get done(): boolean {
    return this.#phase === "done";
  }

  /** The connection has ended, and its final notification is not dealt with yet. */
  get finalPending(): boolean {
    return this.#phase === "final";
  }

  /** Data waits in the client's socket. */
  dataWritten(): void {
    if (this.#phase === "open") this.#unannounced = true;
  }

  /** The connection has ended: a final notification is due at once, covering whatever was unannounced. */
  connectionEnded(now: number): void {
    if (this.#phase !== "open") return;
    this.#phase = "final";
    this.#unannounced = false;
    this.#attempt = 0;
    this.#retryAt = now;
    this.#giveUpAt = now + this.#rules.finalRetryMs;
    if (this.#request === "queued") this.#requestIsFinal = true; // it has not left: it can tell the end as well
  }

  /** Data still waits in the client's socket, announced or not: tell of it again, even after the end. */
  remind(now: number): void {
    this.dataWritten();
    if (this.#phase !== "done") return;
    this.#phase = "final";
    this.#retryAt = now;
    this.#giveUpAt = now + this.#rules.finalRetryMs;
  }

  /** Nothing more is to be sent, told or not. */
  giveUp(): void {
    this.#phase = "done";
  }

  /** Requests are answered again: what waits to be repeated need not wait as long as the back-off says. */
  retrySoon(): void {
    this.#retryAt = Math.min(this.#retryAt, this.#failedAt + this.#rules.backoff.firstMs);
  }

  /** What to do now. `send` means the caller takes a request in hand: it reports {@link sent} and {@link finished}. */
  next(now: number): PacerStep {
    if (this.#request !== "none" || this.#phase === "done") return REST;
    if (this.#phase === "open" && !this.#unannounced) return REST;
    const until = this.#phase === "final" ? this.#retryAt : Math.max(this.#quietUntil, this.#retryAt);
    if (now < until) return { kind: "wait", until };
    this.#request = "queued";
    this.#requestIsFinal = this.#phase === "final";
    return SEND;
  }

  /** The request is on its way: what arrives from now on needs another, a pace later. */
  sent(now: number): void {
    this.#request = "sent";
    this.#unannounced = false;
    this.#quietUntil = now + this.#rules.paceMs;
  }

  /** The request has ended. `random`: a number from 0 (inclusive) to 1 (exclusive), for the back-off's jitter. */
  finished(outcome: RequestOutcome, now: number, random: number): void {
    const wasFinal = this.#requestIsFinal;
    this.#request = "none";
    this.#requestIsFinal = false;
    if (outcome === "delivered" || outcome === "rejected") {
      this.#attempt = 0;
      if (wasFinal) this.#phase = "done";
      return;
    }
    this.#failedAt = now;
    if (outcome === "failed") this.#quietUntil = Number.NEGATIVE_INFINITY;
    if (this.#phase === "open") this.#unannounced = true;
    else if (!wasFinal) return; // a data request failed, the final one is due anyway
    this.#attempt += 1;
    this.#retryAt = now + backoffMs(this.#rules.backoff, this.#attempt, random);
    if (this.#phase !== "final" || this.#retryAt <= this.#giveUpAt) return;
    if (now < this.#giveUpAt)
      this.#retryAt = this.#giveUpAt; // a last attempt when the time is up
    else this.#phase = "done";
  }
}
