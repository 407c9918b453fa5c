import type { Awaiting } from "../core/mux/match.js";
import { type Request, unitOf } from "../core/mux/protocol.js";
import type { Clock, Timer } from "../system/clock.js";
import type { PendingRequest } from "./pending-request.js";

/** What becomes of a request that waits for too long. */
export interface Timeouts {
  /** One more of them, or one less, keeps the link from requests to other units no more. */
  overdue(change: 1 | -1): void;
  /** It got no answer in time. */
  expired(outstanding: Outstanding): void;
}

/** A request on a link that waits for its answer. Without a pending request it is a probe. */
export class Outstanding implements Awaiting {
  readonly id: number;
  readonly request: Request;
  readonly bytes: Buffer;
  isEchoed = false;
  readonly pending: PendingRequest | undefined;
  /** Whether an answer has come, and more may follow: of answers, or of the request. */
  hasAnswers = false;
  /** When it went out, by the clock of the mux. */
  readonly sentAt: number;
  #isOverdue = false;
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;
  #timer: Timer | undefined;

  constructor(
    id: number,
    request: Request,
    bytes: Buffer,
    pending: PendingRequest | undefined,
    clock: Clock,
    timeouts: Timeouts,
  ) {
    this.id = id;
    this.request = request;
    this.bytes = bytes;
    this.pending = pending;
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.sentAt = clock.now();
  }

  /** Whether an answer comes whose clients have all gone. */
  get isUnwanted(): boolean {
    return this.pending?.answerBegun === true && !this.pending.isWanted;
  }

  /** Whether it has waited for so long that it keeps the link from its own unit only. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Whether it keeps the link from a request to this unit. */
  holds(unit: number | undefined): boolean {
    return !this.#isOverdue || unitOf(this.request) === unit;
  }

  /** Waits so long from now on, and no longer for what it waited for before. After `holdMs` it is overdue, where that is earlier. */
  limit(ms: number, holdMs = ms): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.min(ms, holdMs), () => {
      if (holdMs >= ms) {
        this.#timeouts.expired(this);
        return;
      }
      this.#isOverdue = true;
      this.limit(ms - holdMs);
      this.#timeouts.overdue(1);
    });
  }

  /** Waits without a limit. */
  unlimited(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Waits no more: nothing of its body may go out either. */
  over(): void {
    this.unlimited();
    if (this.#isOverdue) this.#timeouts.overdue(-1);
    this.#isOverdue = false;
    this.request.body?.giveUp();
  }
}
