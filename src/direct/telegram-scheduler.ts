import { AnswerCache } from "../core/collections/answer-cache.js";
import type { TelegramsStatus } from "../core/direct/direct-status.js";
import { Pace } from "../core/direct/pace.js";
import type { End } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";
import { TelegramEnd, type TelegramEndOwner } from "./telegram-end.js";

/** What a line does with Conbus telegrams on their way to the server. */
export interface TelegramSchedulerOptions {
  /** Most telegrams a second of all clients together (RATE); 0: no limit. */
  readonly rate: number;
  /** How long the answer to a read is given again, in milliseconds (CACH); 0: never. */
  readonly shareMs: number;
}

/** Longer than a relay waits before it looks whether a client that it does not read is still there, shorter than its patience. */
const SIGN_OF_LIFE_MS = 10_000;

/**
 * The telegrams of all clients of a `[direct]` line, each with a server connection of its own: they leave not faster than RATE
 * says, clients in turn, one telegram each; and reads are answered from answers of others as long as CACH says.
 */
export class TelegramScheduler implements TelegramEndOwner {
  readonly clock: Clock;
  readonly answers: AnswerCache | undefined;
  readonly #pace: Pace | undefined;
  /** Those that wait for their turn, in its order. */
  readonly #waiting = new Set<TelegramEnd>();
  #sent = 0;
  #cacheHits = 0;
  #turn: Timer | undefined;
  #patience: Timer | undefined;
  #dispatching = false;

  constructor({ rate, shareMs }: TelegramSchedulerOptions, clock: Clock) {
    this.clock = clock;
    this.#pace = rate > 0 ? new Pace(rate) : undefined;
    this.answers = shareMs > 0 ? new AnswerCache(shareMs) : undefined;
  }

  /** Puts a connected server of one more client under the line's rules; where there are none, it stays as it is. */
  wrap(end: End): End {
    return this.#pace === undefined && this.answers === undefined ? end : new TelegramEnd(end, this);
  }

  get status(): TelegramsStatus {
    let waiting = 0;
    for (const end of this.#waiting) waiting += end.waiting;
    return { waiting, waitingClients: this.#waiting.size, sent: this.#sent, cacheHits: this.#cacheHits };
  }

  get isPaced(): boolean {
    return this.#pace !== undefined;
  }

  join(end: TelegramEnd): void {
    this.#waiting.add(end);
    this.#patience ??= this.clock.after(SIGN_OF_LIFE_MS, () => this.#giveSignsOfLife());
    this.dispatch();
  }

  leave(end: TelegramEnd): void {
    this.#waiting.delete(end);
    if (this.#waiting.size > 0) return;
    this.#turn?.cancel();
    this.#patience?.cancel();
    this.#turn = undefined;
    this.#patience = undefined;
  }

  sent(): void {
    this.#sent += 1;
    this.#pace?.leave(this.clock.now());
  }

  recalled(): void {
    this.#cacheHits += 1;
  }

  dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    this.#turn?.cancel();
    this.#turn = undefined;
    for (;;) {
      const next = this.#next();
      if (next === undefined) break;
      const waitMs = this.#pace?.waitMs(this.clock.now()) ?? 0;
      if (waitMs > 0) {
        this.#turn = this.clock.after(Math.ceil(waitMs), () => this.dispatch());
        break;
      }
      this.#waiting.delete(next);
      next.takeTurn();
    }
    this.#dispatching = false;
  }

  /** The first in the order whose server takes more: a busy one would only waste the turn. */
  #next(): TelegramEnd | undefined {
    for (const end of this.#waiting) if (!end.isBusy) return end;
    return undefined;
  }

  /** Who waits for its turn is not to be taken for one whose server is stuck. */
  #giveSignsOfLife(): void {
    this.#patience = undefined;
    if (this.#waiting.size === 0) return;
    this.#patience = this.clock.after(SIGN_OF_LIFE_MS, () => this.#giveSignsOfLife());
    for (const end of [...this.#waiting]) end.giveSignOfLife();
  }
}
