import { actionPath, formatAction, formatNotifyTarget, type NotifyTarget } from "../core/notify/notification.js";
import { NotificationPacer } from "../core/notify/notification-pacer.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import type { Clock, Timer } from "../system/clock.js";
import type { Requester } from "./luup-client.js";
import type { ExchangeResult } from "./luup-exchange.js";

/** Sends requests: a Luup client, or a test in its place. */
export interface NotificationSender {
  /** Gets ready for the first request. */
  prepare(): void;
  /** Sends one request of a requester, when its turn comes. */
  send(requester: Requester): void;
  /** Drops the request of a requester that still waits for its turn. */
  cancel(requester: Requester): void;
  /** The URL of a request as people may see it: without its password. @param path path and query */
  urlOf(path: string): string;
}

/** What a scheduler tells the notifier it belongs to. */
export interface NotificationSchedulerEvents {
  /** A request is on its way. */
  sent(): void;
  /** The request has ended. @param isActionFault whether its failure is the fault of the action, not of the engine */
  answered(result: ExchangeResult, isActionFault: boolean): void;
  /** The final notification has been delivered, rejected, or given up. */
  done(): void;
  fault(error: unknown): void;
}

const BACKOFF = { firstMs: 500, maxMs: 30_000 };
const FINAL_RETRY_MS = 60_000;

/**
 * Sends the notifications of one connection when {@link NotificationPacer} says so: a Luup action for data that waits, and one for the end
 * of the connection. This class keeps the timer and counts; the rules are the pacer's.
 */
export class NotificationScheduler implements Requester {
  readonly #target: NotifyTarget;
  readonly #pid: string;
  readonly #pacer: NotificationPacer;
  readonly #sender: NotificationSender;
  readonly #clock: Clock;
  readonly #events: NotificationSchedulerEvents;
  #timer: Timer | undefined;
  /** {@link #step} follows in the next pass of the event loop. */
  #isStepDue = false;
  /** Nothing is sent until the connection has ended. */
  #isEnding = false;
  #sent = 0;
  #retried = 0;
  #failed = 0;
  #isRetry = false;
  #lastOutcome = "none yet";
  /** Since when every request has failed; undefined: the last one was taken. */
  #failingSince: number | undefined;
  /** When the last failure is repeated. */
  #repeatAt: number | undefined;

  /** @param paceMs least time between two data notifications (PACE) */
  constructor(
    target: NotifyTarget,
    pid: string,
    paceMs: number,
    sender: NotificationSender,
    clock: Clock,
    events: NotificationSchedulerEvents,
  ) {
    this.#target = target;
    this.#pid = pid;
    this.#pacer = new NotificationPacer({ paceMs, backoff: BACKOFF, finalRetryMs: FINAL_RETRY_MS });
    this.#sender = sender;
    this.#clock = clock;
    this.#events = events;
  }

  get path(): string {
    return actionPath(this.#target, this.#pid);
  }

  get device(): number {
    return this.#target.device;
  }

  get action(): string {
    return formatAction(this.#target);
  }

  get isRetry(): boolean {
    return this.#isRetry;
  }

  get status(): NotifyStatus {
    return {
      target: formatNotifyTarget(this.#target, this.#pid),
      sent: this.#sent,
      retried: this.#retried,
      failed: this.#failed,
      lastOutcome: this.#lastOutcome,
      ...(this.#failingSince !== undefined && { failingMs: Math.round(this.#clock.now() - this.#failingSince) }),
      ...(this.#repeatAt !== undefined && { repeatInMs: Math.max(0, Math.round(this.#repeatAt - this.#clock.now())) }),
    };
  }

  /** Whether the final notification has been delivered, rejected, or given up. */
  get done(): boolean {
    return this.#pacer.done;
  }

  /** Data waits in the client's socket. */
  dataWritten(): void {
    this.#pacer.dataWritten();
    this.#stepSoon();
  }

  /** Data that was announced is still unread. */
  remind(): void {
    this.#pacer.remind(this.#clock.now());
    this.#stepSoon();
  }

  /** The connection ends at once: the final notification will cover data that is not announced yet. */
  connectionEnding(): void {
    this.#isEnding = true;
  }

  /** The connection has ended: the final notification is due. */
  connectionEnded(): void {
    this.#isEnding = false;
    this.#pacer.connectionEnded(this.#clock.now());
    this.#stepSoon();
  }

  /** Sends nothing more, whatever is still to be announced. */
  giveUp(): void {
    this.#pacer.giveUp();
    this.#cancelTimer();
    this.#sender.cancel(this);
  }

  sent(): void {
    this.#pacer.sent(this.#clock.now());
    this.#sent += 1;
    this.#events.sent();
  }

  answered(result: ExchangeResult, isActionFault: boolean): void {
    const { outcome, text } = result;
    const wasDone = this.#pacer.done;
    this.#pacer.finished(outcome, this.#clock.now(), Math.random());
    this.#lastOutcome = text;
    this.#isRetry = outcome === "failed" || outcome === "timed-out";
    if (outcome !== "delivered") this.#failed += 1;
    this.#failingSince = outcome === "delivered" ? undefined : (this.#failingSince ?? this.#clock.now());
    this.#events.answered(result, isActionFault);
    if (!wasDone && this.#pacer.done) this.#events.done();
    else this.#stepSoon();
  }

  engineReturned(): void {
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
    if (this.#isEnding) return;
    try {
      const now = this.#clock.now();
      const step = this.#pacer.next(now);
      this.#repeatAt = step.kind === "wait" && this.#isRetry ? step.until : undefined;
      if (step.kind === "send") {
        if (this.#isRetry) this.#retried += 1;
        this.#sender.send(this);
      } else if (step.kind === "wait") this.#timer = this.#clock.after(Math.ceil(step.until - now), this.#step);
    } catch (error) {
      this.#events.fault(error);
    }
  };

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
