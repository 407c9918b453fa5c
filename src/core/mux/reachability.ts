import { backoffMs } from "../limits/backoff.js";

const MOMENT_MS = 500; // from a refused attempt to the next one, at least; requests fail at once meanwhile
const MAX_MOMENT_MS = 1000; // requests fail at once for no longer than this after the beginning of an attempt (docs/mux.md)
const GRACE_MS = 1000; // a device that has just closed a link may need so long before it takes the next one
const SOON_MS = 100; // from one attempt to the next within that time
const MAX_WAIT_MS = 10_000; // between attempts while nobody asks (docs/mux.md)
const SHORT_ATTEMPT_MS = 1000; // a device that connects quickly gets a new SYN, and its name a new query, after this time
const QUICK = 4; // an attempt may take so many times as long as the last successful one
const LONG_EVERY = 10; // attempts, after which one takes all its time: the device may have become slow

/** How an attempt to reach the device failed: no connection in its time, refused for whatever reason, or closed without an answer. */
export type AttemptFailure = "timed out" | "refused" | "closed";

/** Options of a mux line, in milliseconds. */
export interface DialTimes {
  /** Longest time of an attempt (CTIM). */
  readonly connectMs: number;
  /** From the beginning of a link that answered nothing to the next attempt (RTRY). */
  readonly retryMs: number;
}

/** Attempts that failed one after the other. */
interface Series {
  /** When the first one began. */
  readonly since: number;
  attempts: number;
  last: AttemptFailure;
}

/**
 * What is known of whether a device can be reached: when the next attempt to connect is due, and which requests have waited in vain. Times
 * are milliseconds of any steady clock.
 *
 * The law (docs/mux.md): a request that finds no link waits for an attempt. It fails at once only while the last attempt failed a moment
 * ago. A link that has answered proves the device: the next attempt is due at once, and its failure proves nothing for a second.
 */
export class Reachability {
  #series: Series | undefined;
  #dueAt = Number.NEGATIVE_INFINITY;
  #refusesUntil = Number.NEGATIVE_INFINITY;
  #graceUntil = Number.NEGATIVE_INFINITY;
  /** How long the last successful connect took. */
  #tookMs: number | undefined;
  /** Failed attempts since somebody asked for a connection. */
  #unasked = 0;

  /** When the next attempt is due, if somebody asks. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Whether requests fail at once now. */
  refuses(now: number): boolean {
    return now < this.#refusesUntil;
  }

  /** Whether attempts fail: the next one has still to show that the device is back. */
  get fails(): boolean {
    return this.#series !== undefined;
  }

  /** Whether a link that had answered has just ended: the device may not be ready for the next one. */
  mayBeBusy(now: number): boolean {
    return now < this.#graceUntil;
  }

  /** Somebody asks for a connection. */
  asked(): void {
    this.#unasked = 0;
  }

  /** How long the attempt that begins now may take. */
  attemptMs({ connectMs }: DialTimes): number {
    const isLong = ((this.#series?.attempts ?? 0) + 1) % LONG_EVERY === 0;
    if (this.#tookMs === undefined || isLong) return connectMs;
    return Math.min(connectMs, Math.max(SHORT_ATTEMPT_MS, QUICK * this.#tookMs));
  }

  /** An attempt that began then has connected. */
  connected(begunAt: number, now: number): void {
    this.#tookMs = now - begunAt;
    if (this.#series?.last !== "closed") this.#series = undefined; // a device that closes every link has still to answer
  }

  /** The device has answered. */
  answered(): void {
    this.#series = undefined;
  }

  /** A link is over. `answered`: the device had answered on it. */
  ended(begunAt: number, answered: boolean, now: number, { retryMs }: DialTimes): void {
    this.#dueAt = answered ? now : Math.max(now, begunAt + retryMs);
    if (answered) this.#graceUntil = now + GRACE_MS;
  }

  /**
   * An attempt has failed, and there is no other link.
   *
   * @param begunAt when the attempt began
   * @returns requests that came at this time or before fail now; undefined: all may wait for the next attempt
   */
  failed(begunAt: number, how: AttemptFailure, now: number, times: DialTimes): number | undefined {
    this.#series ??= { since: begunAt, attempts: 0, last: how };
    this.#series.attempts += 1;
    this.#series.last = how;
    this.#unasked += 1;
    switch (how) {
      case "timed out":
        this.#dueAt = Math.max(now, begunAt + MOMENT_MS);
        return now - this.#series.since >= times.connectMs ? now - times.connectMs : undefined;
      case "refused":
        return now < this.#graceUntil ? this.#tryAgain(begunAt + SOON_MS) : this.#refuse(begunAt, MOMENT_MS, now);
      case "closed":
        if (now >= begunAt + times.retryMs) return this.#tryAgain(now); // after so long it proves nothing
        if (now < this.#graceUntil) return this.#tryAgain(begunAt + SOON_MS);
        if (this.#series.attempts > 1) return this.#refuse(begunAt, times.retryMs, now);
        return this.#tryAgain(begunAt + times.retryMs);
    }
  }

  /** How long to wait for the next attempt while nobody asks: longer and longer. */
  waitMs({ retryMs }: DialTimes, random: number): number {
    return backoffMs({ firstMs: retryMs, maxMs: Math.max(MAX_WAIT_MS, retryMs) }, Math.max(1, this.#unasked), random);
  }

  #tryAgain(at: number): undefined {
    this.#dueAt = at;
  }

  #refuse(begunAt: number, ms: number, now: number): number {
    this.#dueAt = begunAt + ms;
    this.#refusesUntil = begunAt + Math.min(ms, MAX_MOMENT_MS);
    return now;
  }
}
