import { Queue } from "../core/collections/queue.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import type { FinalNotificationsStatus } from "../core/status/daemon-status.js";
import type { Log } from "../log/log.js";
import type { Clock } from "../system/clock.js";
import type { ConnectionNotifier } from "./connection-notifier.js";
import type { NotificationSender } from "./notification-scheduler.js";

const MAX_COUNT = 4000; // each waits for a minute at most, and a busy hub ends some hundred connections in that time
const MAX_BYTES = 12_582_912; // as the announcers count; what is thrown away meanwhile takes several times as much

/** The log lines of a connection that has ended. */
export interface FinalNotificationLog {
  warn(text: string): void;
  debug(text: string): void;
  /** A fault of the program. */
  fault(error: unknown): void;
}

/**
 * Final notifications of connections of which nothing else is left. While the engine is away there may be very many, so they hold
 * nothing of their connection, and the oldest are given up when there are too many.
 */
export class FinalNotifications {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Queue<ConnectionNotifier>();
  #bytes = 0;
  #givenUp = 0;
  readonly #said = new LogThrottle();
  #whenEmpty: (() => void) | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What STAT tells of them. */
  get status(): FinalNotificationsStatus {
    return { waiting: this.#waiting.size, givenUp: this.#givenUp };
  }

  /** Takes over an announcer whose connection is gone, until it is done. */
  add(notifier: ConnectionNotifier, log: FinalNotificationLog): void {
    notifier.events = {
      warn: (text) => log.warn(text),
      trace: (text) => log.debug(text),
      done: () => this.#done(notifier),
      fault: (error) => {
        log.fault(error);
        notifier.giveUp();
        this.#done(notifier);
      },
    };
    this.#waiting.push(notifier);
    this.#bytes += notifier.bytes;
    while (this.#waiting.size > MAX_COUNT || this.#bytes > MAX_BYTES) this.#giveUpOldest();
  }

  /** Whether some of them go this way. */
  uses(luup: NotificationSender): boolean {
    for (const notifier of this.#waiting) if (notifier.sender === luup) return true;
    return false;
  }

  /** Has `callback` called once there are none. */
  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback;
    if (this.#waiting.size === 0) callback();
  }

  #done(notifier: ConnectionNotifier): void {
    if (!this.#waiting.delete(notifier)) return;
    this.#bytes -= notifier.bytes;
    if (this.#waiting.size === 0) this.#whenEmpty?.();
  }

  #giveUpOldest(): void {
    const oldest = this.#waiting.take();
    if (oldest === undefined) return;
    this.#bytes -= oldest.bytes;
    oldest.giveUp();
    this.#givenUp += 1;
    if (this.#said.mention("given up", this.#clock.now()) === undefined) return;
    const why = `more than ${MAX_COUNT} or ${MAX_BYTES / 1_048_576} MiB wait`;
    this.#log.warn(`final notifications: ${why}, the oldest are given up: ${this.#givenUp} since the start`);
  }
}
