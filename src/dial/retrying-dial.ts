import type { ConnOptions } from "../core/options/conn-options.js";
import type { End } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";
import { ChainedDial } from "./chained-dial.js";
import type { Dial } from "./dial.js";
import { DialError } from "./dial-error.js";

/** An attempt gets so long, or RTRY where that is longer: a device that was silent when it began may be back by then. */
const ATTEMPT_MS = 4000;
const MIN_PAUSE_MS = 100; // behind a refusal: RTRY may be next to nothing
/** The last attempt begins so long before the end of CTIM, where none is due later: RTRY may be a large part of CTIM. */
const LAST_ATTEMPT_MS = 250;

/** How long to go on, and how. */
export interface RetryRule {
  readonly options: Pick<ConnOptions, "connectTimeoutMs" | "retryDialMs">;
  /** How many servers an attempt tries: each gets its time. */
  readonly servers: number;
}

/**
 * Dials, and dials again at the interval RTRY while that fails and CTIM lasts: a device that is rebooting is waited for (docs/protocol.md).
 *
 * @param begin begins an attempt that may take `limitMs`
 */
export function retryingDial(rule: RetryRule, clock: Clock, begin: (limitMs: number) => Dial): Dial {
  const { connectTimeoutMs, retryDialMs } = rule.options;
  return retryDialMs === 0 ? begin(connectTimeoutMs) : new RetryingDial(rule, clock, begin);
}

class RetryingDial extends ChainedDial {
  readonly end: Promise<End>;
  readonly #rule: RetryRule;
  readonly #clock: Clock;
  readonly #begin: (limitMs: number) => Dial;
  readonly #deadline: number;
  #pause: Timer | undefined;
  #endPause = (): void => {};

  constructor(rule: RetryRule, clock: Clock, begin: (limitMs: number) => Dial) {
    super();
    this.#rule = rule;
    this.#clock = clock;
    this.#begin = begin;
    this.#deadline = clock.now() + rule.options.connectTimeoutMs;
    this.end = this.#run();
  }

  override abort(): void {
    super.abort();
    this.#stopWaiting();
  }

  override endRetries(): void {
    super.endRetries();
    this.#stopWaiting();
  }

  async #run(): Promise<End> {
    const { servers, options } = this.#rule;
    const everyMs = options.retryDialMs;
    const fullMs = Math.max(ATTEMPT_MS, everyMs) * servers;
    let reason: DialError | undefined;
    for (;;) {
      const since = this.#clock.now();
      const limitMs = Math.min(fullMs, this.#deadline - since);
      try {
        this.checkWanted();
        return await this.reachedBy(this.#begin(limitMs));
      } catch (error) {
        if (!(error instanceof DialError) || error.isFinal || this.isAborted) throw error;
        const isCutShort = limitMs < fullMs && this.#clock.now() - since >= limitMs; // that says less than the attempt before
        if (reason === undefined || !isCutShort) reason = error;
      }
      const nextAt = this.#nextAttemptAt(since + everyMs);
      if (nextAt === undefined) throw reason;
      if (!this.isLast) await this.#wait(nextAt - this.#clock.now());
      if (this.isLast && !this.isAborted)
        throw new DialError(`${reason.message}, and the client has left`, { cause: reason });
    }
  }

  /** When the next attempt begins; undefined: no time is left for one. @param dueAt when RTRY is over */
  #nextAttemptAt(dueAt: number): number | undefined {
    const soonest = this.#clock.now() + MIN_PAUSE_MS;
    const latest = this.#deadline - MIN_PAUSE_MS;
    const at = Math.max(soonest, dueAt > latest ? this.#deadline - LAST_ATTEMPT_MS : dueAt);
    return at <= latest ? at : undefined;
  }

  #stopWaiting(): void {
    this.#pause?.cancel();
    this.#endPause();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#endPause = resolve;
      this.#pause = this.#clock.after(ms, resolve);
    });
  }
}
