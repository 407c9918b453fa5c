import { actionPath, formatNotifyTarget, type NotifyTarget } from "../core/notify/notification.js";
import { NotificationPacer } from "../core/notify/notification-pacer.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import type { Clock, Timer } from "../system/clock.js";
import type { Requester } from "./luup-client.js";
import type { Answer } from "./luup-exchange.js";

/** Where requests go: the Luup system, or a stand-in. */
export interface NotificationSender {
  send(requester: Requester): void;
  cancel(requester: Requester): void;
}

/** What a notifier tells the connection it belongs to. */
export interface NotificationSchedulerEvents {
  /** A request is on its way. */
  sent(): void;
  /** It has ended so. */
  answered(answer: Answer, actionAtFault: boolean): void;
  /** The final notification has been delivered, rejected, or given up. */
  done(): void;
  fault(error: unknown): void;
}

const BACKOFF = { firstMs: 500, maxMs: 30_000 };
const FINAL_FOR_MS = 60_000;

/** Tells one connection's plugin by a Luup action that data waits, and at last that the connection has ended. */
export class NotificationScheduler implements Requester {
  readonly #target: NotifyTarget;
  readonly #pid: string;
  readonly #pacer: NotificationPacer;
  readonly #sender: NotificationSender;
  readonly #clock: Clock;
  readonly #events: NotificationSchedulerEvents;
  #timer: Timer | undefined;
  #kicked = false;
  #held = false;
  #sent = 0;
  #retried = 0;
  #failed = 0;
  #repeating = false;
  #lastOutcome = "none yet";

  /** @param paceMs least distance of data notifications in milliseconds */
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
    this.#pacer = new NotificationPacer({ paceMs, backoff: BACKOFF, finalRetryMs: FINAL_FOR_MS });
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
    return formatNotifyTarget(this.#target, "");
  }

  /** What STAT tells of it. */
  get status(): NotifyStatus {
    return {
      target: formatNotifyTarget(this.#target, this.#pid),
      sent: this.#sent,
      retried: this.#retried,
      failed: this.#failed,
      lastOutcome: this.#lastOutcome,
    };
  }

  /** Whether the final notification has been dealt with. */
  get done(): boolean {
    return this.#pacer.done;
  }

  get isRetry(): boolean {
    return this.#repeating;
  }

  /** Data waits in the client's socket. */
  dataWritten(): void {
    this.#pacer.dataWritten();
    this.#kick();
  }

  /** Announced data has been left unread for too long. */
  remind(): void {
    this.#pacer.remind(this.#clock.now());
    this.#kick();
  }

  /** The connection will end at once: data not announced yet is left to the final notification. */
  connectionEnding(): void {
    this.#held = true;
  }

  /** The connection has ended. */
  connectionEnded(): void {
    this.#held = false;
    this.#pacer.connectionEnded(this.#clock.now());
    this.#kick();
  }

  sent(): void {
    this.#pacer.sent(this.#clock.now());
    this.#sent += 1;
    this.#events.sent();
  }

  answered(answer: Answer, actionAtFault: boolean): void {
    const { outcome, text } = answer;
    const before = this.#pacer.done;
    this.#pacer.finished(outcome, this.#clock.now(), Math.random());
    this.#lastOutcome = text;
    this.#repeating = outcome === "failed" || outcome === "timed-out";
    if (outcome !== "delivered") this.#failed += 1;
    this.#events.answered(answer, actionAtFault);
    if (!before && this.#pacer.done) this.#events.done();
    else this.#kick();
  }

  /** Sends nothing more. */
  giveUp(): void {
    this.#pacer.giveUp();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sender.cancel(this);
  }

  engineReturned(): void {
    this.#pacer.retrySoon();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#kick();
  }

  /** Looks what to do once everything that has already arrived is taken in, so that it makes one notification. */
  #kick(): void {
    if (this.#kicked || (this.#timer !== undefined && !this.#pacer.finalPending)) return;
    this.#kicked = true;
    setImmediate(this.#step);
  }

  readonly #step = (): void => {
    this.#kicked = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#held) return;
    try {
      const now = this.#clock.now();
      const step = this.#pacer.next(now);
      if (step.kind === "send") {
        if (this.#repeating) this.#retried += 1;
        this.#sender.send(this);
      } else if (step.kind === "wait") this.#timer = this.#clock.after(Math.ceil(step.until - now), this.#step);
    } catch (error) {
      this.#events.fault(error);
    }
  };
}
