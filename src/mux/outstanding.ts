import type { Awaiting } from "../core/mux/answer-matcher.js";
import type { Request } from "../core/mux/protocol.js";
import type { Clock, Timer } from "../system/clock.js";
import type { PendingRequest } from "./pending-request.js";

/** A request on a link that waits for its answer. Without a pending request it is a probe. */
export class Outstanding implements Awaiting {
  readonly id: number;
  readonly request: Request;
  readonly bytes: Buffer;
  isEchoed = false;
  readonly pending: PendingRequest | undefined;
  /** Whether an answer has come, and more may follow: of answers, or of the request. */
  hasAnswers = false;
  readonly #clock: Clock;
  readonly #expired: (outstanding: Outstanding) => void;
  #timer: Timer | undefined;

  constructor(
    id: number,
    request: Request,
    bytes: Buffer,
    pending: PendingRequest | undefined,
    clock: Clock,
    expired: (outstanding: Outstanding) => void,
  ) {
    this.id = id;
    this.request = request;
    this.bytes = bytes;
    this.pending = pending;
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Whether an answer comes whose clients have all gone. */
  get isUnwanted(): boolean {
    return this.pending?.answerBegun === true && !this.pending.isWanted;
  }

  /** Waits so long from now on, and no longer for what it waited for before. */
  limit(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.#expired(this));
  }

  /** Waits without a limit. */
  unlimited(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Waits no more: nothing of its body may go out either. */
  over(): void {
    this.unlimited();
    this.request.body?.giveUp();
  }
}
