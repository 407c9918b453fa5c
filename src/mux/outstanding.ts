import type { Awaiting } from "../core/mux/match.js";
import { type Request, unitOf } from "../core/mux/protocol.js";
import type { Alarm, Wait } from "./alarm.js";
import type { PendingRequest } from "./pending-request.js";

const UNWANTED_MS = 1000; // the rest of an answer that no client wants any more is read for so long: often that spares a new connection

/** What becomes of a request that waits for too long. */
export interface Timeouts {
  /** One more of them, or one less, keeps the link from requests to other units no more. */
  overdue(change: 1 | -1): void;
  /** It got no answer in time. */
  expired(outstanding: Outstanding): void;
}

/** A request on a link that waits for its answer. Without a pending request it is a probe. */
export class Outstanding implements Awaiting, Wait {
  readonly id: number;
  readonly request: Request;
  readonly bytes: Buffer;
  isEchoed = false;
  readonly pending: PendingRequest | undefined;
  /** Whether an answer has come, and more may follow: of answers, or of the request. */
  hasAnswers = false;
  /** When it went out, by the clock of the mux. */
  readonly sentAt: number;
  dueAt = Number.POSITIVE_INFINITY;
  /** How long it waits from then on: it is overdue meanwhile. */
  #restMs = 0;
  #isOverdue = false;
  /** How long it keeps the link from other units, from when it went out. */
  #holdMs = Number.POSITIVE_INFINITY;
  readonly #alarm: Alarm;
  readonly #timeouts: Timeouts;

  constructor(
    id: number,
    request: Request,
    bytes: Buffer,
    pending: PendingRequest | undefined,
    alarm: Alarm,
    timeouts: Timeouts,
  ) {
    this.id = id;
    this.request = request;
    this.bytes = bytes;
    this.pending = pending;
    if (pending !== undefined) pending.id = id;
    this.#alarm = alarm;
    this.#timeouts = timeouts;
    this.sentAt = alarm.now;
  }

  /** Whether an answer comes whose clients have all gone. */
  get isUnwanted(): boolean {
    return this.pending?.answerBegun === true && !this.pending.isWanted;
  }

  /** Whether no answer has begun, and the clients that it is for may all be gone. */
  get mayBeUnwanted(): boolean {
    const { pending } = this;
    return pending !== undefined && !this.hasAnswers && !pending.answerBegun && pending.mayBeUnwanted;
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
  limit(ms: number, holdMs = ms, now = this.#alarm.now): void {
    if (holdMs < ms) this.#holdMs = holdMs;
    this.#restMs = Math.max(0, ms - holdMs);
    this.dueAt = now + Math.min(ms, holdMs);
    this.#alarm.set(this.dueAt, now);
  }

  due(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
    if (this.#restMs === 0) {
      this.#timeouts.expired(this);
      return;
    }
    this.#isOverdue = true;
    this.limit(this.#restMs);
    this.#timeouts.overdue(1);
  }

  /** A client has gone, or has sent FIN. @param unwantedMs how long an answer may take, from the request on, that perhaps nobody waits for */
  clientGone(unwantedMs: number): void {
    if (this.isUnwanted) this.limit(UNWANTED_MS);
    else if (this.mayBeUnwanted) this.#limitInAll(unwantedMs);
  }

  /**
   * The limit of an answer that perhaps nobody waits for is over. It may go on while its link is not wanted either.
   *
   * @param limitMs how long other answers may take
   * @returns whether it goes on
   */
  goesOn(isLinkWanted: boolean, limitMs: number): boolean {
    const waitedMs = this.#alarm.now - this.sentAt;
    if (this.pending === undefined || waitedMs >= limitMs || (this.mayBeUnwanted && isLinkWanted)) return false;
    this.#limitInAll(Math.min(limitMs, waitedMs + UNWANTED_MS));
    return true;
  }

  /** Waits so long, counted from when it went out, and no longer. It keeps the link from other units as before. */
  #limitInAll(ms: number): void {
    const waitedMs = this.#alarm.now - this.sentAt;
    const leftMs = Math.max(0, ms - waitedMs);
    this.limit(leftMs, this.#isOverdue ? leftMs : Math.min(leftMs, Math.max(0, this.#holdMs - waitedMs)));
  }

  /** Waits without a limit. */
  unlimited(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
  }

  /** Waits no more: nothing of its body may go out either. */
  over(): void {
    this.unlimited();
    if (this.#isOverdue) this.#timeouts.overdue(-1);
    this.#isOverdue = false;
    this.request.body?.giveUp();
  }
}
