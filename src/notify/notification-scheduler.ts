import type { GatewayEvent } from "../core/events/gateway-event.js";
import { NotificationPacer } from "../core/notify/notification-pacer.js";
import type { PendingEvents } from "../core/notify/pending-events.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import type { WayState } from "../core/upgrade/session-state.js";
import type { Clock, Timer } from "../system/clock.js";
import type { Delivery, DeliveryResult, NotificationWay } from "./notification-way.js";

/** What a scheduler tells the notifier it belongs to. */
export interface NotificationSchedulerOwner {
  /** A request is on its way. */
  sent(): void;
  /** The request has ended. @param isTargetFault whether its failure is the fault of what is named, not of the way */
  answered(result: DeliveryResult, isTargetFault: boolean): void;
  /** The final notification has been delivered, rejected, or given up. */
  done(): void;
  fault(error: unknown): void;
}

const BACKOFF = { firstMs: 500, maxMs: 30_000 };
const FINAL_RETRY_MS = 60_000;

/**
 * Sends the notifications of one connection on one way when {@link NotificationPacer} says so: for data that waits, for the end of the
 * connection, and where the way tells everything, for what else happens. This class keeps the timer and counts; the rules are the pacer's.
 */
export class NotificationScheduler implements Delivery {
  readonly way: NotificationWay;
  /** Of a way that tells everything. */
  readonly #events: PendingEvents | undefined;
  readonly #pacer: NotificationPacer;
  readonly #clock: Clock;
  readonly #owner: NotificationSchedulerOwner;
  #timer: Timer | undefined;
  /** {@link #step} follows in the next pass of the event loop. */
  #isStepDue = false;
  /** Nothing is sent: until {@link goOn}, or until the connection has ended. */
  #quiet: "no" | "held" | "ending" = "no";
  #sent = 0;
  #retried = 0;
  #failed = 0;
  #isRetry = false;
  /** A request has begun, and counts as sent unless its result says otherwise. */
  #isUnderWay = false;
  #lastOutcome = "none yet";
  /** Since when every request has failed; undefined: the last one was taken. */
  #failingSince: number | undefined;
  /** When the last failure is repeated. */
  #repeatAt: number | undefined;

  /**
   * @param events what is to be told, for a way that tells everything
   * @param paceMs least time between two data notifications (PACE)
   */
  constructor(
    way: NotificationWay,
    events: PendingEvents | undefined,
    paceMs: number,
    clock: Clock,
    owner: NotificationSchedulerOwner,
  ) {
    this.way = way;
    this.#events = events;
    this.#pacer = new NotificationPacer({ paceMs, backoff: BACKOFF, finalRetryMs: FINAL_RETRY_MS });
    this.#clock = clock;
    this.#owner = owner;
  }

  get event(): GatewayEvent | undefined {
    return this.#events?.take(this.#pacer.requestKind);
  }

  get isRetry(): boolean {
    return this.#isRetry;
  }

  get status(): NotifyStatus {
    const now = this.#clock.now();
    return {
      ...this.#countsAt(now),
      ...(this.#repeatAt !== undefined && { repeatInMs: Math.max(0, Math.round(this.#repeatAt - now)) }),
    };
  }

  #countsAt(now: number): Omit<NotifyStatus, "repeatInMs"> {
    return {
      target: this.way.target,
      sent: this.#sent,
      retried: this.#retried,
      failed: this.#failed,
      lastOutcome: this.#lastOutcome,
      ...(this.#failingSince !== undefined && { failingMs: Math.round(now - this.#failingSince) }),
    };
  }

  /** Whether the final notification has been delivered, rejected, or given up. */
  get done(): boolean {
    return this.#pacer.done;
  }

  /** Begins nothing until {@link goOn}. What is to be told meanwhile is told then, or by another process. */
  hold(): void {
    if (this.#quiet === "no") this.#quiet = "held";
    this.#cancelTimer();
    this.way.cancel();
    this.#pacer.takeBack();
  }

  /** Ends {@link hold}. */
  goOn(): void {
    if (this.#quiet === "held") this.#quiet = "no";
    this.#stepSoon();
  }

  /** What another process needs to go on; undefined: a request is on its way, or the connection ends. */
  get state(): WayState | undefined {
    const now = this.#clock.now();
    const due = this.#pacer.stateAt(now);
    if (due === undefined) return undefined;
    return {
      ...this.#countsAt(now),
      ...due,
      notices: this.#events?.notices ?? [],
      toldBytes: this.#events?.toldBytes ?? 0,
    };
  }

  /** Goes on where another process has been. */
  restore(state: WayState): void {
    const now = this.#clock.now();
    this.#events?.restore(state.notices, state.toldBytes);
    this.#pacer.restore(state, this.#events?.notices.length ?? 0, now);
    this.#sent = state.sent;
    this.#retried = state.retried;
    this.#failed = state.failed;
    this.#lastOutcome = state.lastOutcome;
    this.#isRetry = state.attempt > 0;
    if (state.failingMs !== undefined) this.#failingSince = now - state.failingMs;
    this.#stepSoon();
  }

  /** Data waits in the client's socket. Perhaps it has waited elsewhere, and is told already: a way that tells everything tells bytes once. */
  dataWritten(): void {
    if (this.#events?.hasNewBytes === false) return;
    this.#pacer.dataWritten();
    this.#stepSoon();
  }

  /** Data that was announced is still unread. */
  remind(): void {
    this.#pacer.remind(this.#clock.now());
    this.#stepSoon();
  }

  /** Something has happened that is told only by ways that tell everything. */
  happened(notice: GatewayEvent): void {
    if (this.#events === undefined || this.#pacer.done) return;
    const more = this.#events.add(notice);
    if (more > 0) this.#pacer.noticeAdded();
    if (more < 0) this.#pacer.noticeDropped();
    this.#cancelTimer(); // the pace of data does not delay it
    this.#stepSoon();
  }

  /** The connection ends at once: the final notification will cover data that is not announced yet. */
  connectionEnding(): void {
    this.#quiet = "ending";
  }

  /** The connection has ended: the final notification is due. @param final for a way that tells everything */
  connectionEnded(final?: GatewayEvent): void {
    this.#quiet = "no";
    if (final !== undefined) this.#events?.end(final);
    this.#pacer.connectionEnded(this.#clock.now());
    this.#stepSoon();
  }

  /** Sends nothing more, whatever is still to be announced. */
  giveUp(): void {
    this.#pacer.giveUp();
    this.#cancelTimer();
    this.way.cancel();
  }

  sent(): void {
    this.#pacer.sent(this.#clock.now());
    this.#sent += 1;
    this.#isUnderWay = true;
    this.#owner.sent();
  }

  answered(result: DeliveryResult, isTargetFault: boolean): void {
    const { outcome, text, retryAfterMs } = result;
    const wasDone = this.#pacer.done;
    if (this.#isUnderWay && !result.wasSent) this.#sent -= 1; // it has got no connection
    this.#isUnderWay = false;
    this.#isRetry = outcome === "failed" || outcome === "timed-out";
    if (!this.#isRetry) this.#events?.told(this.#pacer.requestKind);
    this.#pacer.finished(outcome, this.#clock.now(), Math.random(), retryAfterMs);
    this.#lastOutcome = text;
    if (outcome !== "delivered") this.#failed += 1;
    this.#failingSince = outcome === "delivered" ? undefined : (this.#failingSince ?? this.#clock.now());
    this.#owner.answered(result, isTargetFault);
    if (!wasDone && this.#pacer.done) this.#owner.done();
    else this.#stepSoon();
  }

  wayReturned(): void {
    this.#pacer.retrySoon();
    this.#cancelTimer();
    this.#stepSoon();
  }

  /** Takes the next step in the next pass of the event loop: all data that has come by then is one notification. */
  #stepSoon(): void {
    if (this.#isStepDue || (this.#timer !== undefined && !this.#pacer.finalPending)) return;
    this.#isStepDue = true;
    setImmediate(this.#step);
  }

  readonly #step = (): void => {
    this.#isStepDue = false;
    this.#cancelTimer();
    if (this.#quiet !== "no") return;
    try {
      const now = this.#clock.now();
      const step = this.#pacer.next(now);
      this.#repeatAt = step.kind === "wait" && this.#isRetry ? step.until : undefined;
      if (step.kind === "send") {
        if (this.#isRetry) this.#retried += 1;
        this.way.send(this);
      } else if (step.kind === "wait") this.#timer = this.#clock.after(Math.ceil(step.until - now), this.#step);
    } catch (error) {
      this.#owner.fault(error);
    }
  };

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
