import { AnswerCache } from "../core/collections/answer-cache.js";
import type { TelegramsStatus } from "../core/direct/direct-status.js";
import { Pace } from "../core/direct/pace.js";
import type { End } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";
import { TelegramEnd, type TelegramEndOwner } from "./telegram-end.js";

/** The rules of a line for Conbus telegrams to its servers. */
export interface TelegramSchedulerOptions {
  /** Most telegrams per second of all clients together (RATE); 0: no limit. */
  readonly rate: number;
  /** How long the cache gives the answer to a read again, in milliseconds (CACH); 0: never. */
  readonly shareMs: number;
}

/** Longer than the relay waits before it asks whether a paused client is still there, shorter than its timeout for a stuck server. */
const SIGN_OF_LIFE_MS = 10_000;

/**
 * The telegrams of all clients of a `[direct]` line; each client has a server connection of its own. Together they send no faster than
 * RATE: clients in turn, one telegram each. They share answers for as long as CACH says.
 */
export class TelegramScheduler implements TelegramEndOwner {
  readonly clock: Clock;
  readonly answers: AnswerCache | undefined;
  readonly #pace: Pace | undefined;
  /** Ends with waiting telegrams, in the order of their turns. */
  readonly #waiting = new Set<TelegramEnd>();
  #sent = 0;
  #cacheHits = 0;
  #nextTurn: Timer | undefined;
  #signOfLife: Timer | undefined;
  #isDispatching = false;

  constructor({ rate, shareMs }: TelegramSchedulerOptions, clock: Clock) {
    this.clock = clock;
    this.#pace = rate > 0 ? new Pace(rate) : undefined;
    this.answers = shareMs > 0 ? new AnswerCache(shareMs) : undefined;
  }

  /** Puts the server connection of a client under the rules of the line. Without rules the connection stays as it is. */
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

  enqueue(end: TelegramEnd): void {
    this.#waiting.add(end);
    this.#signOfLife ??= this.clock.after(SIGN_OF_LIFE_MS, () => this.#giveSignsOfLife());
    this.dispatch();
  }

  dequeue(end: TelegramEnd): void {
    this.#waiting.delete(end);
    if (this.#waiting.size > 0) return;
    this.#nextTurn?.cancel();
    this.#signOfLife?.cancel();
    this.#nextTurn = undefined;
    this.#signOfLife = undefined;
  }

  sent(): void {
    this.#sent += 1;
    this.#pace?.leave(this.clock.now());
  }

  cacheHit(): void {
    this.#cacheHits += 1;
  }

  dispatch(): void {
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    this.#nextTurn?.cancel();
    this.#nextTurn = undefined;
    for (let end = this.#next(); end !== undefined; end = this.#next()) {
      const waitMs = this.#pace?.waitMs(this.clock.now()) ?? 0;
      if (waitMs > 0) {
        this.#nextTurn = this.clock.after(Math.ceil(waitMs), () => this.dispatch());
        break;
      }
      this.#waiting.delete(end);
      end.takeTurn();
    }
    this.#isDispatching = false;
  }

  /** The first end whose server takes more: another one would waste the turn. */
  #next(): TelegramEnd | undefined {
    for (const end of this.#waiting) if (!end.isBusy) return end;
    return undefined;
  }

  #giveSignsOfLife(): void {
    this.#signOfLife = undefined;
    if (this.#waiting.size === 0) return;
    this.#signOfLife = this.clock.after(SIGN_OF_LIFE_MS, () => this.#giveSignsOfLife());
    for (const end of [...this.#waiting]) end.giveSignOfLife();
  }
}
