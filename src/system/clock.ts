/** A timer that has been started. */
export interface Timer {
  cancel(): void;
}

/** The source of time: the machine, or a test that moves it by hand. */
export interface Clock {
  /** Milliseconds since the epoch, to show to people. It may jump. */
  epochMs(): number;
  /** Milliseconds of a monotonic clock, to measure with. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds. A longer time than 24 days is cut to that: check again when it is over. */
  after(ms: number, callback: () => void): Timer;
}

const MAX_TIMER_MS = 2_147_483_647; // Node's timers fire at once when they are given more
/** A timer that fires later than this shows that the process stood still or was busy. */
const LATE_MS = 20;
/** The part of that time, and its limit, that the process then gets to read what has arrived meanwhile. */
const CATCH_UP_PART = 0.25;
const MAX_CATCH_UP_MS = 100;

/**
 * A timer of the machine's own time.
 *
 * The event loop calls timers before it reads sockets. A process that stood still (SIGSTOP, a slow disk, a suspended virtual machine)
 * would therefore find its peers silent although their bytes wait in its sockets. So a late timer fires only after the sockets have
 * been read: what they bring may cancel it.
 */
class SystemTimer implements Timer {
  readonly #callback: () => void;
  readonly #due: number;
  #wait: NodeJS.Timeout;
  #poll: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void) {
    this.#callback = callback;
    this.#due = performance.now() + ms;
    this.#wait = setTimeout(SystemTimer.#fire, ms, this);
  }

  cancel(): void {
    clearTimeout(this.#wait);
    clearImmediate(this.#poll);
  }

  static readonly #fire = (timer: SystemTimer): void => {
    const lateMs = performance.now() - timer.#due;
    if (lateMs < LATE_MS) timer.#callback();
    else timer.#wait = setTimeout(SystemTimer.#afterCatchUp, Math.min(lateMs * CATCH_UP_PART, MAX_CATCH_UP_MS), timer);
  };

  /** Reads the sockets once more before the callback, however much there was to read until now. */
  static readonly #afterCatchUp = (timer: SystemTimer): void => {
    timer.#poll = setImmediate(timer.#callback);
  };
}

/** The machine's own time. */
export const systemClock: Clock = {
  epochMs: Date.now,
  now: () => performance.now(),
  after: (ms, callback) => new SystemTimer(Math.min(ms, MAX_TIMER_MS), callback),
};
