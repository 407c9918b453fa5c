import { Queue } from "../core/collections/queue.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import type { FinalNotificationsStatus } from "../core/status/daemon-status.js";
import type { Log } from "../log/log.js";
import type { Clock } from "../system/clock.js";
import type { ConnectionNotifier } from "./connection-notifier.js";
import type { NotificationSender } from "./luup-way.js";

const MAX_COUNT = 4000; // each waits for a minute at most, and a busy hub ends some hundred connections in that time
const MAX_BYTES = 12_582_912; // by ConnectionNotifier.bytes; the garbage made meanwhile takes several times as much

/** The log lines of a connection that has ended. */
export interface FinalNotificationLog {
  warn(text: string): void;
  debug(text: () => string): void;
  /** A fault of the program. */
  fault(error: unknown): void;
}

/**
 * Final notifications that outlive their connections. While the engine is away there may be very many. So they keep nothing else of their
 * connections in memory, and beyond a limit the oldest are given up.
 */
export class FinalNotifications {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Queue<ConnectionNotifier>();
  #bytes = 0;
  #givenUp = 0;
  readonly #throttle = new LogThrottle();
  #whenEmpty: (() => void) | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get status(): FinalNotificationsStatus {
    return { waiting: this.#waiting.size, givenUp: this.#givenUp };
  }

  /** Takes over the notifier of a connection that is gone, until its final notification is done. */
  add(notifier: ConnectionNotifier, log: FinalNotificationLog): void {
    notifier.owner = {
      warn: (text) => log.warn(text),
      debug: (text) => log.debug(text),
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

  /** Whether one of them waits for this sender. */
  uses(sender: NotificationSender): boolean {
    for (const notifier of this.#waiting) if (notifier.sender === sender) return true;
    return false;
  }

  /** Calls back as soon as none waits: at once, or when the last one is done. */
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
    if (this.#throttle.mention("given up", this.#clock.now()) === undefined) return;
    const why = `more than ${MAX_COUNT} or ${MAX_BYTES / 1_048_576} MiB wait`;
    this.#log.warn(`final notifications: ${why}, the oldest are given up: ${this.#givenUp} since the start`);
  }
}
